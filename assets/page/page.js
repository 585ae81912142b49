// Makes the invoice page live. Without it everything works too, with a page load for each step.

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);

const chat = byId("messages");
const { base, grant } = chat.dataset;
// Each request says on whose behalf it is made: others may be signed in in this browser.
const address = (part = "") => `${base}${part && `/${part}`}?grant=${grant}`;
const [log, sending, form] = ["log", "sending", "compose"].map(byId);
const to = form.elements?.to; // to whom a message is addressed
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

const weekday = formatted({ weekday: "long", day: "numeric", month: "long", year: "numeric" });

const localise = () => {
  tellTime();
  for (const it of all(".copy[hidden]")) it.hidden = !navigator.clipboard;
};
const dayName = (at) => {
  const days = daysBetween(at, Date.now());
  return { 0: text("today"), 1: text("yesterday") }[days] || weekday.format(at);
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
    if (it.previousElementSibling?.id === "new-since") before = undefined;
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
    // A menu that somebody has just opened stays open when there is news of its message.
    const menu = one("details.menu[open]", old) && one("details.menu", line);
    // An answer that somebody has chosen in a poll waits for them to vote.
    for (const it of all(".poll input", old)) {
      const now = it.checked !== it.defaultChecked && all(".poll input", line).find(({ value }) => value === it.value);
      if (now) now.checked = it.checked;
    }
    // What somebody listens to goes on.
    for (const it of all(".media", old)) all(".media", line).find((other) => other.src === it.src)?.replaceWith(it);
    old.replaceWith(line);
    if (menu) menu.open = true;
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
const arrived = (ids) => {
  for (const id of ids) gone.add(id);
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
// What somebody has begun to write in the sheet stays there, or goes to the message if all is paid meanwhile.
const keepSaid = (said) => {
  const newer = one("#pay .said");
  if (newer) return newer.replaceWith(said);
  const words = one("textarea", said);
  if (words.value !== words.defaultValue) putBack(words.value, {});
  choose([...files(), ...one("[type=file]", said).files]);
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
    const before = all("#unsent li").filter((it) => !one("[action*='/discard']", it));
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
  people({ html }) {
    const fold = () => one("#people details");
    const isOpen = fold()?.open;
    const focused = byId("people").contains(document.activeElement);
    swap(html);
    // What somebody has unfolded stays so.
    if (fold() && isOpen) fold().open = true;
    if (focused) one("#people summary")?.focus();
  },
  seen({ event, text }) {
    byId("seen").dataset.event = event;
    byId("seen").textContent = text;
    showSeen();
  },
  invoice({ html }) {
    const isClosed = () => "closed" in byId("summary").dataset;
    const before = isClosed();
    const wasPaying = byId("pay").open;
    const said = one("#pay .said");
    const focused = document.activeElement;
    swap(html);
    // What somebody has begun to write there, or the file that they chose, stays.
    const isBegun = ({ type, value, defaultValue, files }) => type !== "hidden" && (files ? files.length : value !== defaultValue);
    if (said && all("textarea, input", said).some(isBegun)) keepSaid(said);
    if (wasPaying && byId("pay").childElementCount) byId("pay").showModal();
    if (said?.contains(focused)) focused.focus();
    // Only a new page has, or lacks, the form to write in. What was typed is kept.
    if (before !== isClosed()) location.reload();
  },
  closed({ html }) {
    source.close();
    byId("summary")?.remove();
    for (const it of all(".skip, nav.tabs")) it.remove();
    one("main").replaceChildren(parsed(html));
    document.title = one("main h1").textContent;
    one("main").firstElementChild?.focus();
  },
};

// ---- The connection

let source;
let last;
let wait = 1000;
let gap;
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
    gap = clearTimeout(gap);
    say("live", connection.dataset.state ? text("connection-live") : "");
    run();
  };
  source.onerror = async () => {
    // A short gap is not worth a word: another process of the service may be taking over.
    const lost = () => say("lost", text(navigator.onLine ? "connection-lost" : "connection-offline"));
    gap ??= setTimeout(lost, navigator.onLine ? 4000 : 0);
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    // Whoever is let in no more is told so by the page itself.
    const answer = await fetch(chat.dataset.live, { method: "HEAD" }).catch(() => null);
    if (answer?.status === 429) {
      clearTimeout(gap);
      say("busy", text("connection-busy"));
    }
    if ([401, 409, 410].includes(answer?.status)) return location.reload();
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
  const answer = await fetch(address(action), {
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
  if (it.matches(".search form")) return find(it);
  it.closest("details.menu")?.removeAttribute("open");
  try {
    await post(new URL(it.action).pathname.split("/").pop(), new FormData(it, event.submitter));
    if (it.matches(".delivery form")) it.closest("li").remove();
  } catch (error) {
    complain(error.message);
  }
});
// What an edit or a reply is about is known by its line.
const meanAgain = ({ reply, edit }) => {
  const link = one(`#lines [data-reply="${CSS.escape(reply ?? "")}"]`);
  if (edit) mean("edit", edit, text("editing"));
  else if (reply) {
    mean("reply_to", reply, link?.dataset.label, link && excerptOf(link.closest("li")));
  } else mean();
};
// Whoever is no contact any more cannot be addressed.
const addressTo = (whom) => {
  if (whom && all("option", to ?? form).some(({ value }) => value === whom)) to.value = whom;
};
const putBack = (words, about) => {
  const field = byId("text");
  // What stands there already is not lost.
  field.value = [words, field.value.trim()].filter(Boolean).join("\n\n");
  addressTo(about.to);
  meanAgain(about);
  drafts.keep();
};
const mean = (name, value, label, excerpt = "") => {
  for (const field of ["reply_to", "edit"]) {
    form.elements[field].disabled = field !== name;
    form.elements[field].value = field === name ? value : "";
  }
  byId("meant").hidden = !name;
  one("#meant strong").textContent = label ?? "";
  one("#meant .excerpt").textContent = excerpt;
  one(".attach").hidden = name === "edit";
  // What is changed keeps its addressee.
  if (to) to.disabled = to.parentElement.hidden = name === "edit";
  one(".send", form).textContent = text(name === "edit" ? "save" : "send");
  byId("text").focus();
};
const excerptOf = (line) => {
  const words = one(".words", line)?.cloneNode(true);
  if (!words) return "";
  for (const it of all(".veil", words)) it.remove();
  return words.textContent.trim().slice(0, 160);
};
document.addEventListener("click", async (event) => {
  const it = event.target.closest("a, button, summary");
  for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  if (!it) return;
  const { reply, edit, ask, hit, label, words, copy, done, fragment, again, outgoingId } = it.dataset;
  if (again) {
    putBack(again, { reply: it.dataset.replyTo, edit: it.dataset.editOf, to: it.dataset.to });
    it.closest("li").hidden = true;
    post("discard", { id: outgoingId }).catch((error) => {
      it.closest("li").hidden = false;
      complain(error.message);
    });
  } else if (hit) goTo(hit, it.href);
  else if (ask) putBack(ask, {});
  else if (reply) mean("reply_to", reply, label, excerptOf(it.closest("li")));
  else if (edit) {
    byId("text").value = words;
    mean("edit", edit, text("editing"));
    drafts.keep();
  } else if (it.matches("#meant .cancel")) {
    if (!form.elements.edit.disabled) byId("text").value = "";
    mean();
    drafts.keep();
  } else if (fragment) older(it);
  else if (it.matches("a.quote")) goTo(decodeURIComponent(it.hash.slice(1)));
  else if (it.matches("a.picture") && !event.ctrlKey && !event.metaKey && !event.shiftKey) enlarge(one("img", it));
  else if (it.matches("#viewer button")) viewer.close();
  else if (it.matches("[href='#pay']")) byId("pay").showModal();
  else if (it.matches(".close") && byId("pay").open) byId("pay").close();
  else if (it.matches(".attach > summary") && !files().length) file.click();
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

let loading; // the promise of older lines, while they are on their way
const overtaken = new Map(); // line id: what came of it while older lines were on their way
const older = (link) => (loading ??= fetchOlder(link).finally(() => (loading = undefined)));
const fetchOlder = async (link) => {
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
};
log.addEventListener("scroll", () => {
  const link = one("#older a");
  if (link && log.scrollHeight - log.clientHeight + log.scrollTop < 200) older(link);
});

const goTo = async (event, otherwise) => {
  // What is older is fetched until the line is there, so that nothing is missing in between.
  for (let count = -1; !byId(event) && one("#older a") && count !== lines().length; ) {
    count = lines().length;
    await older(one("#older a"));
  }
  const line = byId(event);
  if (!line) return otherwise && location.assign(otherwise);
  line.scrollIntoView({ block: "center" });
  line.focus({ preventScroll: true });
};
const find = async (it) => {
  const url = new URL(it.action);
  url.search = new URLSearchParams(new FormData(it));
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error();
    byId("found").replaceChildren(...one("#found", parsed(await answer.text())).childNodes);
    localise();
  } catch {
    complain();
  }
};

// ---- What is not sent yet outlasts a reload, on this device, for this speaker

const drafts = {
  key: `tallyroom ${chat.dataset.speaker}`,
  // Longest draft, in characters: more than the server takes, so that what it refused for its length
  // is not lost. Days, number of failed messages and of conversations that are kept.
  longest: 100000,
  days: 30,
  most: 20,
  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) ?? {};
    } catch {
      return {};
    }
  },
  write(change) {
    const kept = { ...this.read(), ...change, at: Date.now() };
    try {
      if (kept.text || kept.unsent?.length) localStorage.setItem(this.key, JSON.stringify(kept));
      else localStorage.removeItem(this.key);
    } catch {
      // Without storage, or with a full one, a draft lasts as long as its page.
    }
  },
  keep() {
    const [reply, edit] = ["reply_to", "edit"].map((it) => form.elements[it]);
    const about = { reply: reply.disabled ? null : reply.value, edit: edit.disabled ? null : edit.value, to: to?.value };
    const { value } = byId("text");
    this.write({ text: value.length <= this.longest ? value : "", about });
    checkLength(byId("text"));
  },
  // Files cannot be kept, but the words beside them can.
  sending(data, besideFiles) {
    const fields = ["client_id", "text", "reply_to", "edit", "to"].map((it) => [it, data.get(it)]);
    const message = Object.fromEntries(fields.filter(([, value]) => value));
    if (besideFiles) message.beside_files = true;
    this.write({ unsent: [...(this.read().unsent ?? []), message].slice(-this.most) });
  },
  note(clientId, change) {
    const unsent = this.read().unsent ?? [];
    this.write({ unsent: unsent.map((it) => (it.client_id === clientId ? { ...it, ...change } : it)) });
  },
  failed(clientId) {
    this.note(clientId, { failed: true });
  },
  withoutFiles(clientId) {
    this.note(clientId, { beside_files: false });
  },
  sent(clientId) {
    this.write({ unsent: (this.read().unsent ?? []).filter((it) => it.client_id !== clientId) });
  },
  forget() {
    localStorage.removeItem(this.key);
  },
  restore() {
    this.tidy();
    const { text: words, about = {}, unsent = [] } = this.read();
    const field = byId("text");
    if (words && !field.value && byId("meant").hidden) {
      const { activeElement } = document;
      field.value = words;
      addressTo(about.to);
      meanAgain(about);
      if (activeElement !== field) field.blur();
    }
    for (const { failed, beside_files, ...message } of unsent) {
      if (beside_files) {
        // Without their files, words are not sent again by themselves: they go back into the field.
        this.sent(message.client_id);
        field.value = [field.value, message.text].filter(Boolean).join("\n");
        addressTo(message.to);
        this.keep();
        continue;
      }
      const data = new FormData();
      for (const [key, value] of Object.entries(message)) data.set(key, value);
      // What was cut off is sent again; with the id that it had, so that it does not arrive twice.
      const item = pending(message.text);
      if (failed) fail(item, data, text("unsent"));
      else enqueue(item, data);
    }
    checkLength(field);
  },
  tidy() {
    try {
      const own = Object.keys(localStorage).filter((it) => it.startsWith("tallyroom "));
      const at = (key) => JSON.parse(localStorage.getItem(key))?.at ?? 0;
      const old = (key) => Date.now() - at(key) > this.days * 864e5;
      const newest = own.sort((a, b) => at(b) - at(a));
      for (const key of newest.filter((key, index) => old(key) || index >= this.most))
        localStorage.removeItem(key);
    } catch {
      // As above.
    }
  },
};

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
  // Pictures are to be described, for those who cannot see them.
  one(".attach").open = files().some((it) => it.type.startsWith("image/"));
};

// What is written is sent in the order in which it was written. What cannot be taken now waits, and so does all behind it,
// until there is a connection again, or a pause is over.
const queue = [];
const shortestPause = 2000;
let running = false;
let pause = shortestPause;
let again;
const run = async () => {
  if (running) return;
  running = true;
  clearTimeout(again);
  while (queue.length) {
    const [{ item, data }] = queue;
    // Somebody may have discarded it.
    const later = item.isConnected && (await send(item, data));
    if (later) {
      again = setTimeout(run, later);
      break;
    }
    queue.shift();
  }
  running = false;
};
const enqueue = (item, data) => {
  queue.push({ item, data });
  run();
};
addEventListener("online", run);
// Files do not outlast the page.
addEventListener("beforeunload", (event) => queue.some(({ data }) => data.has("file")) && event.preventDefault());

const offer = (item, ...buttons) => {
  for (const it of all(".delivery button", item)) it.hidden = !buttons.some((name) => it.matches(name));
};
const fail = (item, data, words) => {
  item.classList.add("failed");
  one(".delivery span", item).textContent = words;
  offer(item, ".retry", ".discard", ".again");
  failed.set(item, data);
  drafts.failed(data.get("client_id"));
};
// Returns the milliseconds after which it has to be sent again, or 0 if that is not needed.
const send = (item, data) => new Promise((done) => {
  const state = one(".delivery span", item);
  const request = new XMLHttpRequest();
  const wait = (words, milliseconds) => {
    failed.set(item, data);
    state.textContent = words;
    offer(item, ".discard", ".again");
    done(milliseconds);
  };
  const waitForService = (words) => {
    wait(words, pause);
    pause = Math.min(pause * 2, 60000);
  };
  item.classList.remove("failed");
  state.textContent = text("sending");
  offer(item);
  // If it comes back into the field after a reload, its files are lost; now they are sent already.
  drafts.withoutFiles(data.get("client_id"));
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.onprogress = ({ loaded, total }) => {
    if (data.has("file") && loaded < total)
      state.textContent = text("uploading", { percent: Math.floor((100 * loaded) / total) });
  };
  request.onerror = request.onabort = () => waitForService(text("not-sent-offline"));
  request.onload = () => {
    const answer = request.response;
    const { status } = request;
    const after = Number(request.getResponseHeader("Retry-After"));
    if (status === 429) return wait(answer?.detail ?? "", 1000 * (after || 5));
    if ([502, 503, 504].includes(status)) return waitForService(answer?.detail ?? text("not-sent-offline"));
    pause = shortestPause;
    if (status !== 202 || !answer?.ids) {
      fail(item, data, text("not-sent", { problem: answer?.detail ?? answer?.title ?? status }));
      return done(0);
    }
    drafts.sent(data.get("client_id"));
    item.dataset.outgoing = answer.ids.join(" ");
    if (!answer.ids.length || answer.ids.every((id) => gone.has(id) || one(`#unsent [data-outgoing="${id}"]`)))
      item.remove();
    done(0);
  };
  request.send(data);
});

// A bubble for what is on its way.
const pending = (said) => {
  const item = byId("pending").content.firstElementChild.cloneNode(true);
  const words = document.createElement("p");
  words.className = "text";
  words.textContent = said;
  one(".words", item).append(words);
  one(".delivery span", item).textContent = text("sending");
  sending.append(item);
  byId("empty").hidden = true;
  return item;
};

// The server counts bytes, and a line break in a form has two.
const isTooLong = ({ value, dataset }) =>
  new TextEncoder().encode(value.replace(/\n/g, "\r\n")).length > +dataset.longest;
const checkLength = (field) => (one(".too-long", field.form).hidden = !isTooLong(field));
const newNote = one("#notes textarea");
newNote?.addEventListener("input", () => checkLength(newNote));
newNote?.form.addEventListener("submit", (event) => isTooLong(newNote) && event.preventDefault());

const submit = () => {
  const field = byId("text");
  const words = field.value.trim();
  if ((!words && !files().length) || isTooLong(field)) return;
  const message = (remove) => {
    const data = new FormData(form);
    for (const it of remove) data.delete(it);
    data.set("client_id", crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`);
    return data;
  };
  // Each file is a message, and has its own progress. What is said of them comes after them, and names the addressee.
  const parts = files().map((it) => {
    const data = message(["text", "reply_to", "edit", words && "to"]);
    data.set("file", it);
    return [pending(it.name), data];
  });
  if (words) {
    const data = message(["file", "description"]);
    drafts.sending(data, parts.length > 0);
    parts.push([pending(words), data]);
  }
  field.value = one("[name=description]", form).value = "";
  if (to) to.value = "";
  choose([]);
  mean();
  drafts.keep();
  typing(false);
  toEnd();
  for (const part of parts) enqueue(...part);
};
sending.addEventListener("click", ({ target }) => {
  const item = target.closest("li");
  const data = failed.get(item);
  if (target.matches(".retry")) enqueue(item, data);
  // A file stands for itself, whatever is being written.
  if (target.matches(".again") && data.has("file")) {
    addressTo(data.get("to"));
    choose([...files(), ...data.getAll("file")]);
  } else if (target.matches(".again")) putBack(data.get("text"), { reply: data.get("reply_to"), edit: data.get("edit"), to: data.get("to") });
  if (target.matches(".discard, .again")) {
    item.remove();
    drafts.sent(data.get("client_id"));
    run();
  }
});

const viewer = byId("viewer");
const enlarge = ({ src, alt }) => {
  Object.assign(one("img", viewer), { src, alt });
  viewer.setAttribute("aria-label", alt);
  viewer.showModal();
};
viewer.addEventListener("click", ({ target }) => target === viewer && viewer.close());

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
  byId("text").addEventListener("input", ({ target, data }) => {
    // An @ at the beginning asks to whom.
    if (to && data === "@" && target.value === "@") {
      target.value = "";
      to.focus();
      try {
        to.showPicker();
      } catch {
        // Then it is opened by hand.
      }
    }
    typing(target.value !== "");
    drafts.keep();
  });
  to?.addEventListener("change", () => drafts.keep());
  byId("text").addEventListener("blur", () => typing(false));
  byId("text").addEventListener("paste", (event) => {
    const pasted = [...event.clipboardData.files];
    if (!pasted.length) return;
    event.preventDefault();
    choose([...files(), ...pasted]);
  });
  file.addEventListener("change", show);
  drafts.restore();
  // Whoever signs out leaves nothing on this device.
  one("form[action*='/leave']")?.addEventListener("submit", () => drafts.forget());
}
// Wherever something is dropped, the browser does not leave the page for it. Files go to the
// message; words and links only into a field.
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  addEventListener(name, (event) => {
    const hasFiles = event.dataTransfer?.types.includes("Files");
    const takesWords = event.target.closest?.("textarea, input:not([type=file], [type=checkbox])");
    const ownField = event.target.closest?.("input[type=file]");
    const takesFiles = hasFiles && file && form.elements.edit.disabled;
    form?.classList?.toggle("dropping", !!takesFiles && name === "dragover");
    if (ownField || (takesWords && !hasFiles)) return;
    event.preventDefault();
    if (name === "dragover" && !takesFiles) event.dataTransfer.dropEffect = "none";
    if (name !== "drop" || !takesFiles) return;
    choose([...files(), ...event.dataTransfer.files]);
    // On a narrow screen the message may be on the other tab.
    if (!form.checkVisibility()) location.hash = "#compose";
  });
}
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.(".reveal input")) event.target.click();
  if (event.key !== "Escape" || one("dialog[open]")) return;
  const menu = one("details[open]:is(.menu, .attach)");
  if (menu) {
    menu.open = false;
    one("summary", menu).focus();
  } else one("#meant:not([hidden]) .cancel")?.click();
});

// ---- The menu of a message is where it can be seen whole

const placeMenu = () => {
  const menu = one("details.menu[open]");
  if (!menu) return;
  const items = one(".menu-items", menu);
  const [button, panel] = [menu, chat].map((it) => it.getBoundingClientRect());
  const { offsetWidth: width, offsetHeight: height } = items;
  const within = (at, from, to) => Math.max(from, Math.min(at, to));
  const opensRight = button.left - panel.left < panel.right - button.right;
  const left = opensRight ? button.left : button.right - width;
  const bottom = Math.min(panel.bottom, innerHeight);
  const above = button.top - height - 4;
  const top = above >= panel.top ? above : button.bottom + 4;
  items.style.left = `${within(left, panel.left + 4, panel.right - width - 4)}px`;
  items.style.top = `${within(top, Math.max(panel.top, 0) + 4, bottom - height - 4)}px`;
  items.style.right = items.style.bottom = "auto";
};
document.addEventListener("toggle", placeMenu, true);
log.addEventListener("scroll", placeMenu, { passive: true });
addEventListener("resize", placeMenu);
addEventListener("scroll", placeMenu, { passive: true });

for (const it of lines()) arrived(it.dataset.outgoing?.split(" ") ?? []);
onNewDay(() => {
  localise();
  arrange();
});
localise();
arrange();
look();
connect();
