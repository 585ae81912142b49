// Inside a Matrix client: asks it who looks (OpenID), signs in with that, shows the invoice.

const main = document.getElementById("widget");
const { signIn, refused, stranger } = main.dataset;
const address = new URLSearchParams(location.search);
const widgetId = address.get("widgetId");
const requestId = `tallyroom-${Date.now()}`;
const client = () => {
  try {
    return new URL(address.get("parentUrl") ?? document.referrer).origin;
  } catch {
    return null;
  }
};
const origin = client();

const say = (words) => (main.querySelector("[role=status]").textContent = words);
const toClient = (message) => origin && parent.postMessage(message, origin);
const ask = (action, data = {}, id = requestId) =>
  toClient({ api: "fromWidget", requestId: id, action, widgetId, data });

const enter = async ({ access_token, matrix_server_name, token_type, expires_in }) => {
  const answer = await fetch(signIn, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/html" },
    body: JSON.stringify({ access_token, matrix_server_name, token_type, expires_in }),
  });
  if (!answer.ok) return say(answer.status === 403 ? stranger : refused);
  if (!answer.headers.get("Content-Type")?.startsWith("text/html")) return location.reload();
  // Our own server's HTML, in which everything is escaped or sanitised.
  show(await answer.text());
  keepUp(answer.headers.get("Tallyroom-Token"));
};

const show = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  const revision = (within) => within.querySelector("#invoice")?.dataset.revision;
  if (revision(template.content) !== revision(main)) main.replaceChildren(template.content);
  paint();
  tellTime();
};
// The colours of the shop. On paper ours count, as on the page.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = (onPaper = false) => {
  const colours = onPaper ? {} : main.querySelector("#colours")?.dataset;
  document.documentElement.style.cssText = colours?.[dark.matches ? "dark" : "light"] ?? "";
};
dark.addEventListener("change", () => paint());
addEventListener("beforeprint", () => paint(true));
addEventListener("afterprint", () => paint());

// The page stays open for days, and the shop may say something new.
const keepUp = (token) =>
  setInterval(async () => {
    if (document.hidden) return;
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(signIn.replace("sign-in", "invoice"), { headers }).catch(() => null);
    if (answer?.ok) show(await answer.text());
    else if (answer?.status === 401 || answer?.status === 410) location.reload();
  }, 20000);

onNewDay(tellTime);

let entered = false;
const answered = (data) => {
  if (data?.state === "blocked") return say(refused);
  if (data?.state === "request" || !data?.access_token || entered) return; // asked its user; comes later
  entered = true;
  enter(data).catch(() => say(refused));
};

addEventListener("message", ({ source, origin: from, data }) => {
  if (source !== parent || from !== origin || !data) return;
  if (data.api === "fromWidget" && data.requestId === requestId) return answered(data.response);
  if (data.api !== "toWidget") return;
  const responses = {
    capabilities: { capabilities: [] },
    supported_api_versions: { supported_versions: ["0.0.1", "0.0.2"] },
  };
  toClient({ ...data, response: responses[data.action] ?? {} });
  if (data.action === "openid_credentials") answered(data.data);
  // The client is ready to answer once it has asked what we are allowed to do.
  if (data.action === "notify_capabilities" || data.action === "capabilities") ask("get_openid");
});
if (!origin || parent === window) say(refused);
ask("content_loaded", {}, `${requestId}-loaded`);
ask("get_openid");
