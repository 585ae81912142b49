// Makes the invoice page live. Without it everything works too, with a page load for each step.

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);

const chat = byId("messages");
const { base } = chat.dataset;
const [log, sending, form] = ["log", "sending", "compose"].map(byId);
const lang = document.documentElement.lang;
const title = document.title;
const gone = new Set(); // outgoing ids whose line is here
const failed = new WeakMap(); // pending item: what to send again
let unread = 0;

// Texts in the reader's language; {name} and so on stand for what is put in here.
const texts = new Map(
  all("[data-text]", byId("texts").content).map((it) => [it.dataset.text, it.textContent]),
);
const text = (id, values = {}) =>
  Object.entries(values).reduce((it, [key, value]) => it.replace(`{${key}}`, value), texts.get(id) ?? "");

// Our own server's HTML, in which everything is escaped or sanitised.
const parsed = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
};
const swap = (html) => {
  for (const it of [...parsed(html).children]) byId(it.id)?.replaceWith(it);
  localise();
};

// ---- Times, days, groups

// As the server writes English.
const format = (options) => new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, options);
const clock = format({ hour: "2-digit", minute: "2-digit" });
const both = format({ dateStyle: "long", timeStyle: "short" });
const weekday = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });

const localise = () => {
  for (const it of all("time[data-show]")) {
    const date = new Date(it.dateTime);
    it.textContent = (it.dataset.show === "time" ? clock : both).format(date);
    it.title = both.format(date);
  }
  for (const it of all(".copy[hidden]")) it.hidden = !navigator.clipboard;
};
const dayName = (at) => {
  const days = (new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 864e5;
  return { 0: text("today"), 1: text("yesterday") }[Math.round(days)] || weekday.format(at);
};
const lines = () => all("#lines > .line");
const arrange = () => {
  let before, heading;
  const headings = new Map(all("#lines > .day").map((it) => [it.textContent, it]));
  for (const it of lines()) {
    const at = +it.dataset.at;
    const name = dayName(at);
    if (name !== heading) {
      // A heading that is in place stays, so that nothing moves under the reader.
      let day = headings.get(name);
      headings.delete(name);
      if (!day) {
        day = document.createElement("li");
        day.className = "day";
        day.append(document.createElement("h3"));
        day.firstChild.textContent = name;
      }
      if (it.previousElementSibling !== day) it.before(day);
      before = undefined;
    }
    heading = name;
    const follows = before?.dataset.sender === it.dataset.sender && at - before.dataset.at < 3e5;
    it.classList.toggle("follows", follows && !before.matches(".removed"));
    before = it;
  }
  for (const it of headings.values()) it.remove();
};

// ---- Where the reader is

const atEnd = () => log.scrollTop > -60; // the log is laid out from its end
const looking = () => document.hasFocus() && log.offsetParent && atEnd();
const latest = byId("latest");
let seen;
const look = () => {
  if (looking()) {
    unread = 0;
    const newest = lines().findLast((it) => it.dataset.side !== "mine")?.dataset.event;
    if (newest && newest !== seen) inTurn("seen", { event: (seen = newest) }).catch(() => (seen = undefined));
  }
  document.title = unread ? `(${unread}) ${title}` : title;
  const badge = one(".tabs .unread");
  badge.textContent = unread || "";
  badge.hidden = !unread;
  latest.hidden = atEnd();
  latest.textContent = unread ? text(`new-messages-${unread}`) || `${unread} ↓` : text("jump-to-latest");
};
const toEnd = () => {
  log.scrollTop = 0;
  look();
};
log.addEventListener("scroll", () => requestAnimationFrame(look), { passive: true });
latest.addEventListener("click", () => {
  toEnd();
  byId("text")?.focus();
});
for (const event of ["focus", "hashchange"]) addEventListener(event, look);
document.addEventListener("visibilitychange", look);

// ---- What comes

// Read out once, and gone: it may be taken back, and nobody should come upon it again.
let quiet;
const announceOnce = (words) => {
  byId("announcer").textContent = words;
  clearTimeout(quiet);
  quiet = setTimeout(() => (byId("announcer").textContent = ""), 5000);
};

const place = (line) => {
  const old = byId(line.id);
  if (old) {
    const focused = old.contains(document.activeElement);
    old.replaceWith(line);
    if (focused) (one("summary", line) ?? line).focus();
    return false;
  }
  const after = lines().findLast((it) => +it.dataset.at <= +line.dataset.at);
  if (after) after.after(line);
  else if (byId("older")) {
    // It comes with what is older. What is on its way already may be older than this news of it.
    if (loading) overtaken.set(line.id, line);
    return false;
  }
  else byId("lines").prepend(line);
  line.classList.add("new");
  return true;
};
const arrived = (id) => {
  if (!id) return;
  gone.add(id);
  for (const it of all(`#unsent [data-outgoing], #sending [data-outgoing]`)) {
    const rest = it.dataset.outgoing.split(" ").filter((it) => !gone.has(it));
    if (it.dataset.outgoing && !rest.length) it.remove();
  }
};
// Said under the newest line, if somebody else has seen it and did not write it.
const showSeen = () => {
  const { event, side } = lines().at(-1)?.dataset ?? {};
  byId("seen").hidden = byId("seen").dataset.event !== event || !["mine", "ours"].includes(side);
};
const handlers = {
  line({ event, outgoing, html, announce }) {
    const line = parsed(html).firstElementChild;
    if (!line) return;
    const mine = line.dataset.side === "mine";
    const end = atEnd();
    const added = place(line);
    arrived(outgoing);
    localise();
    arrange();
    showSeen();
    byId("empty").hidden = true;
    if (!added || mine) return look();
    if (end) log.scrollTop = 0;
    if (!looking()) unread += 1;
    announceOnce(announce);
    look();
  },
  unsent({ html }) {
    const before = all("#unsent li").filter((it) => !one("[action$='/discard']", it));
    byId("unsent").replaceChildren(parsed(html));
    // What the room has, and the record not yet, stays until its line comes.
    for (const it of before) {
      const id = it.dataset.outgoing;
      if (gone.has(id) || one(`#unsent [data-outgoing="${id}"]`)) continue;
      it.classList.remove("failed");
      one(".delivery", it).textContent = text("sending");
      sending.append(it);
    }
    for (const it of all("#unsent [data-outgoing]")) {
      if (gone.has(it.dataset.outgoing)) it.remove();
      else one(`#sending [data-outgoing~="${it.dataset.outgoing}"]`)?.remove();
    }
    localise();
  },
  typing: (it) => (byId("typing").textContent = it.text),
  people: ({ html }) => swap(html),
  seen({ event, text }) {
    byId("seen").dataset.event = event;
    byId("seen").textContent = text;
    showSeen();
  },
  invoice: ({ html }) => swap(html),
  closed({ html }) {
    source.close();
    byId("summary")?.remove();
    one("main").replaceChildren(parsed(html));
    one("main").firstElementChild?.focus();
  },
};

// ---- The connection

let source;
let last;
let wait = 1000;
const connection = byId("connection");
const say = (state, words) => {
  if (state === connection.dataset.state) return;
  connection.dataset.state = state;
  connection.textContent = words;
};
const complain = (words) => {
  const { state = "live" } = connection.dataset;
  say("failed", words || text("action-failed"));
  setTimeout(() => connection.dataset.state === "failed" && say(state, ""), 8000);
};
const connect = () => {
  const url = new URL(chat.dataset.live, location);
  if (last) url.searchParams.set("after", last);
  url.searchParams.set("revision", byId("invoice").dataset.revision);
  source = new EventSource(url);
  source.onopen = () => {
    wait = 1000;
    say("live", connection.dataset.state ? text("connection-live") : "");
  };
  source.onerror = async () => {
    say("lost", text(navigator.onLine ? "connection-lost" : "connection-offline"));
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    // Whoever is let in no more is told so by the page itself.
    const answer = await fetch(base, { method: "HEAD" }).catch(() => null);
    if ([401, 410].includes(answer?.status)) return location.reload();
    setTimeout(connect, wait + Math.random() * 1000);
    wait = Math.min(wait * 2, 30000);
  };
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => {
      last = event.lastEventId || last;
      handle(JSON.parse(event.data));
    });
  }
};

// ---- What is done to messages

const post = async (action, fields) => {
  const answer = await fetch(`${base}/${action}`, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Accept: "application/json" },
  });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail);
};
// Each of these replaces the one before it, so none may overtake another: one at a time, and of
// those that wait only the newest.
const turns = {};
const inTurn = (action, fields) => {
  const turn = (turns[action] ??= { before: Promise.resolve() });
  turn.fields = fields;
  const send = () => turn.fields === fields && post(action, fields);
  return (turn.before = turn.before.then(send, send));
};
chat.addEventListener("submit", async (event) => {
  const it = event.target;
  if (it === form) return;
  event.preventDefault();
  it.closest("details.menu")?.removeAttribute("open");
  try {
    await post(it.action.split("/").pop(), new FormData(it, event.submitter));
    if (it.matches(".delivery form")) it.closest("li").remove();
  } catch (error) {
    complain(error.message);
  }
});
const mean = (name, value, label, excerpt = "") => {
  for (const field of ["reply_to", "edit"]) {
    form.elements[field].disabled = field !== name;
    form.elements[field].value = field === name ? value : "";
  }
  byId("meant").hidden = !name;
  one("#meant strong").textContent = label ?? "";
  one("#meant .excerpt").textContent = excerpt;
  one(".attach").hidden = name === "edit";
  one(".send", form).textContent = text(name === "edit" ? "save" : "send");
  byId("text").focus();
};
const excerptOf = (line) => one(".words", line)?.textContent.trim().slice(0, 160);
document.addEventListener("click", async (event) => {
  const it = event.target.closest("a, button, summary");
  for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  if (!it) return;
  const { reply, edit, name, words, copy, done, fragment } = it.dataset;
  if (reply) mean("reply_to", reply, text("replying-to", { name }), excerptOf(it.closest("li")));
  else if (edit) {
    byId("text").value = words;
    mean("edit", edit, text("editing"));
  } else if (it.matches("#meant .cancel")) {
    if (!form.elements.edit.disabled) byId("text").value = "";
    mean();
  } else if (fragment) older(it);
  else if (it.matches("a.quote") && byId(decodeURIComponent(it.hash.slice(1)))) {
    const line = byId(decodeURIComponent(it.hash.slice(1)));
    line.scrollIntoView({ block: "center" });
    line.focus({ preventScroll: true });
  } else if (it.matches(".attach > summary") && !files().length) file.click();
  else if (copy) {
    await navigator.clipboard.writeText(copy);
    const before = it.textContent;
    it.textContent = done;
    setTimeout(() => (it.textContent = before), 2000);
    return;
  } else return;
  it.closest("details.menu")?.removeAttribute("open");
  event.preventDefault();
});

// ---- What was said before; the log keeps its place because it is laid out from its end

let loading = false;
const overtaken = new Map(); // line id: what came of it while older lines were on their way
const older = async (link) => {
  if (loading) return;
  loading = true;
  overtaken.clear();
  try {
    const answer = await fetch(link.dataset.fragment);
    if (!answer.ok) throw new Error();
    const part = parsed(await answer.text());
    const lines = all(".lines > li", part).filter((it) => !it.id || !byId(it.id));
    byId("lines").prepend(...lines.map((it) => overtaken.get(it.id) ?? it));
    const next = one(".older", part);
    next ? byId("older").replaceWith(next) : byId("older").remove();
    localise();
    arrange();
  } catch {
    complain();
  }
  loading = false;
};
log.addEventListener("scroll", () => {
  const link = one("#older a");
  if (link && log.scrollHeight - log.clientHeight + log.scrollTop < 200) older(link);
});

// ---- Writing

const file = form.elements?.file;
const files = () => [...file.files];
const chosen = byId("chosen");
const choose = (list) => {
  const transfer = new DataTransfer();
  for (const it of list) transfer.items.add(it);
  file.files = transfer.files;
  show();
};
const show = () => {
  chosen.hidden = !files().length;
  chosen.replaceChildren(
    ...files().map((it, index) => {
      const row = document.createElement("li");
      const name = document.createElement("bdi");
      const remove = document.createElement("button");
      name.textContent = it.name;
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", text("attach-remove", { name: it.name }));
      remove.onclick = () => choose(files().filter((_, other) => other !== index));
      row.append(name, remove);
      return row;
    }),
  );
  const images = files().some((it) => it.type.startsWith("image/"));
  one(".attach").open = images;
};

const send = (item, data) => {
  const state = one(".delivery span", item);
  const request = new XMLHttpRequest();
  const fail = (words) => {
    item.classList.add("failed");
    state.textContent = words;
    for (const it of all(".delivery button", item)) it.hidden = false;
    failed.set(item, data);
  };
  item.classList.remove("failed");
  state.textContent = text("sending");
  for (const it of all(".delivery button", item)) it.hidden = true;
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.onprogress = ({ loaded, total }) => {
    if (data.getAll("file").length && loaded < total)
      state.textContent = text("uploading", { percent: Math.floor((100 * loaded) / total) });
  };
  request.onerror = () => fail(text("not-sent-offline"));
  request.onload = () => {
    const answer = request.response;
    if (request.status !== 202 || !answer?.ids)
      return fail(text("not-sent", { problem: answer?.detail ?? answer?.title ?? request.status }));
    state.textContent = text("sending");
    item.dataset.outgoing = answer.ids.join(" ");
    if (!answer.ids.length || answer.ids.every((id) => gone.has(id) || one(`#unsent [data-outgoing="${id}"]`)))
      item.remove();
  };
  request.send(data);
};

const submit = () => {
  const field = byId("text");
  const words = field.value.trim();
  if (!words && !files().length) return;
  form.elements.client_id.value = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  const data = new FormData(form);
  if (!files().length) {
    data.delete("file");
    data.delete("description");
  }
  const item = byId("pending").content.firstElementChild.cloneNode(true);
  const words_ = document.createElement("p");
  words_.className = "text";
  words_.textContent = [words, ...files().map((it) => it.name)].filter(Boolean).join("\n");
  one(".words", item).append(words_);
  sending.append(item);
  byId("empty").hidden = true;
  send(item, data);
  field.value = one("[name=description]", form).value = "";
  choose([]);
  mean();
  typing(false);
  toEnd();
};
sending.addEventListener("click", ({ target }) => {
  const item = target.closest("li");
  if (target.matches(".retry")) send(item, failed.get(item));
  if (target.matches(".discard")) item.remove();
});

let told = 0;
const typing = (now) => {
  if (now ? Date.now() - told < 4000 : !told) return;
  told = now ? Date.now() : 0;
  inTurn("typing", { typing: now }).catch(() => {});
};

if (file) {
  const keyboard = !matchMedia("(pointer: coarse)").matches;
  if (keyboard) byId("hint").textContent = text("compose-hint");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  form.addEventListener("keydown", (event) => {
    // An input method's Enter chooses a word. On touch keyboards Enter is a new line.
    const enter = event.key === "Enter" && !event.isComposing && event.keyCode !== 229;
    if (event.target.id === "text" && enter && !event.shiftKey && keyboard) {
      event.preventDefault();
      submit();
    }
  });
  byId("text").addEventListener("input", ({ target }) => typing(target.value !== ""));
  byId("text").addEventListener("blur", () => typing(false));
  byId("text").addEventListener("paste", (event) => {
    const pasted = [...event.clipboardData.files];
    if (!pasted.length) return;
    event.preventDefault();
    choose([...files(), ...pasted]);
  });
  file.addEventListener("change", show);
  for (const name of ["dragover", "dragleave", "drop"]) {
    chat.addEventListener(name, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      form.classList.toggle("dropping", name === "dragover");
      if (name === "drop") choose([...files(), ...event.dataTransfer.files]);
    });
  }
}
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = one("details[open]:is(.menu, .attach)");
  if (menu) {
    menu.open = false;
    one("summary", menu).focus();
  } else one("#meant:not([hidden]) .cancel")?.click();
});

localise();
arrange();
look();
connect();
