// The server writes a plain age; here it becomes the reader's own wording and stays true while the page is open.
import { locales } from "#frames/texts.js";

const relative = new Intl.RelativeTimeFormat(locales, { numeric: "auto" });
const precise = new Intl.DateTimeFormat(locales, { dateStyle: "long", timeStyle: "short" });
const dayOnly = new Intl.DateTimeFormat(locales, { dateStyle: "medium" });

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, for its reader. */
export function wording(date) {
  const age = Math.max(0, (Date.now() - date.getTime()) / 1000);
  if (age < MINUTE) return relative.format(0, "second");
  if (age < HOUR) return relative.format(-Math.floor(age / MINUTE), "minute");
  if (age < DAY) return relative.format(-Math.floor(age / HOUR), "hour");
  if (age < 7 * DAY) return relative.format(-Math.floor(age / DAY), "day");
  return dayOnly.format(date);
}

/** Words every <time> under `root` for its reader. */
export function localise(root = document) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const date = new Date(element.dateTime);
    element.textContent = wording(date);
    element.title = precise.format(date);
  }
}

/** Keeps the times of the page true. */
export function keepTimes() {
  localise();
  setInterval(() => {
    if (!document.hidden) localise();
  }, MINUTE * 1000);
}
