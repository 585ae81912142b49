"use strict";
// Sends the calls of the page and shows their answers. The key stays in its field: it is stored nowhere.

/** The request that a form describes: its address, and what `fetch` needs. */
function request(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = new Headers();
  const key = document.querySelector("#key").value.trim();
  if (key) headers.set("Authorization", `Bearer ${key}`);
  for (const field of form.querySelectorAll("[data-in]")) {
    const { in: place, name } = field.dataset;
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(field.value));
    else if (field.value === "") continue;
    else if (place === "query") query.append(name, field.value);
    else headers.set(name, field.value);
  }
  const body = form.querySelector(".file")?.files[0] ?? form.querySelector(".body")?.value;
  if (body) headers.set("Content-Type", form.querySelector(".type").value);
  const address = query.size > 0 ? `${path}?${query}` : path;
  return [address, { method: form.dataset.method, headers, body: body || undefined, cache: "no-store" }];
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function block(text, label) {
  const made = element("pre", text);
  made.tabIndex = 0;
  made.setAttribute("aria-label", label);
  return made;
}

/** What an answer says, as elements. */
async function shown(answer) {
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const parts = [element("p", `${answer.status} ${answer.statusText}`), block(headers, "Headers")];
  const type = answer.headers.get("content-type") ?? "";
  if (/json|xml|text/.test(type)) {
    const text = await answer.text();
    parts.push(block(type.includes("json") ? JSON.stringify(JSON.parse(text), null, 2) : text, "Content"));
  } else if (type) {
    const link = element("a", "Save the file");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "answer";
    parts.push(link);
  }
  return parts;
}

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const output = form.querySelector(".answer");
    output.replaceChildren(element("p", "…"));
    try {
      output.replaceChildren(...await shown(await fetch(...request(form))));
    } catch (error) {
      output.replaceChildren(element("p", `There was no answer: ${error.message}`));
    }
  });
  form.querySelector(".type")?.addEventListener("change", (event) => {
    form.querySelector(".body").value = event.target.selectedOptions[0].dataset.example;
  });
}

// A link to a call or a schema opens it.
function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener("hashchange", open);
open();
