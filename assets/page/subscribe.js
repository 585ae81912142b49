// ---- Being told of answers by the browser, if it can, and once somebody asks for it

const bell = byId("bell");
if (bell && self === top && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
  const bytes = (base64url) => Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (it) => it.charCodeAt(0));
  const key = `bell of ${chat.dataset.speaker}`;
  const remembered = () => localStorage.getItem(key);
  const present = async () => (await navigator.serviceWorker.getRegistration("/"))?.pushManager.getSubscription();
  const showBell = (isOn) => {
    bell.hidden = false;
    bell.setAttribute("aria-pressed", isOn);
    bell.textContent = text(isOn ? "bell-on" : "bell-off");
  };
  const tell = async (subscription) => {
    const { endpoint, keys } = subscription.toJSON();
    await post("notifications", { endpoint, ...keys });
    localStorage.setItem(key, endpoint);
  };
  const ring = async () => {
    if ((await Notification.requestPermission()) !== "granted") return complain(text("bell-refused"));
    await navigator.serviceWorker.register("/notifications.js");
    const { pushManager } = await navigator.serviceWorker.ready;
    const applicationServerKey = bytes(bell.dataset.key);
    // A subscription with another key is of no use, and in the way of a new one.
    const other = await pushManager.getSubscription();
    if (other && `${new Uint8Array(other.options.applicationServerKey)}` !== `${applicationServerKey}`) await other.unsubscribe();
    await tell(await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }));
    showBell(true);
  };
  const silence = async () => {
    await post("notifications/end", { endpoint: remembered() });
    localStorage.removeItem(key);
    showBell(false);
  };
  bell.addEventListener("click", async () => {
    bell.disabled = true;
    await (remembered() ? silence() : ring()).catch((error) => complain(error.message));
    bell.disabled = false;
  });
  const before = remembered();
  const now = before && Notification.permission === "granted" ? await present().catch(() => null) : null;
  // From now on it belongs to this session. The push service may have given the browser another address, too.
  if (now) await tell(now).catch(() => {});
  else if (before) localStorage.removeItem(key);
  showBell(!!now);
  // Signing out ends it at the service, too.
  one("form[action*='/leave']")?.addEventListener("submit", () => localStorage.removeItem(key));
}
