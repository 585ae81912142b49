// Shows what this browser is told of while no page is looked at. Runs without a page.

addEventListener("push", (event) => {
  const { title, body, page, lang, dir } = event.data.json();
  const show = async () => {
    // Whoever looks at the page sees the answer there.
    const pages = await clients.matchAll({ type: "window" });
    if (pages.some((it) => it.focused && new URL(it.url).pathname === page)) return;
    // News of the same page takes the place of what stands there already.
    await registration.showNotification(title, { body, lang, dir, tag: page, renotify: true, data: page });
  };
  event.waitUntil(show());
});

addEventListener("notificationclick", (event) => {
  const { notification } = event;
  const page = notification.data;
  const open = async () => {
    notification.close();
    const pages = await clients.matchAll({ type: "window" });
    const there = pages.find((it) => new URL(it.url).pathname === page);
    await (there ? there.focus() : clients.openWindow(`${page}#messages`));
  };
  event.waitUntil(open());
});
