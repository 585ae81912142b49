// What depends on "now": by the reader's own clock and time zone, also after midnight.

const readersLanguage = document.documentElement.lang;
// As the server writes English.
const formatted = (options) =>
  new Intl.DateTimeFormat(readersLanguage === "en" ? "en-GB" : readersLanguage, options);
const asTime = formatted({ timeStyle: "short" });
const asDay = formatted({ dateStyle: "long" });
const asBoth = formatted({ dateStyle: "long", timeStyle: "short" });

// Days from one moment to another, by the calendar of the reader.
const daysBetween = (from, to) =>
  Math.round((new Date(to).setHours(0, 0, 0, 0) - new Date(from).setHours(0, 0, 0, 0)) / 864e5);
const calendarDay = (timeZone) => {
  const parts = { year: "numeric", month: "2-digit", day: "2-digit", timeZone };
  // In Swedish, a date is written as YYYY-MM-DD. A browser may not know the time zone.
  try { return new Intl.DateTimeFormat("sv-SE", parts).format(new Date()); }
  catch { return calendarDay(); }
};

const tellTime = () => {
  for (const it of document.querySelectorAll("time[data-show]")) {
    const date = new Date(it.dateTime);
    if (isNaN(date)) continue;
    const isToday = daysBetween(date, Date.now()) === 0;
    const as = { time: asTime, both: asBoth, since: isToday ? asTime : asDay }[it.dataset.show];
    it.textContent = as.format(date);
    it.title = asBoth.format(date);
  }
  // In how many days something is due: the server wrote it down for each day that may come.
  const countdown = document.querySelector(".countdown");
  const days = document.getElementById("countdown")?.content.children ?? [];
  if (!countdown) return;
  // A due date ends at one moment for everybody: where the seller is.
  const dayThere = calendarDay(countdown.dataset.zone || undefined);
  const today = [...days].find((it) => it.dataset.day === dayThere);
  countdown.replaceChildren(...(today ? [...today.childNodes].map((it) => it.cloneNode(true)) : []));
  const status = document.querySelector("#summary .status[data-late]");
  if (!status || !countdown.querySelector(".late")) return;
  status.dataset.status = "bad";
  status.querySelector("bdi").textContent = status.dataset.late;
  delete status.dataset.late;
};

// Calls back when a new day has begun, for a page that stays open or a computer that slept.
const onNewDay = (tell) => {
  let day = calendarDay();
  const check = () => {
    if (day === calendarDay()) return;
    day = calendarDay();
    tell();
  };
  setInterval(check, 20000);
  document.addEventListener("visibilitychange", check);
};
