// Words live in the templates, where translators find them: <template id="texts"> holds those the scripts need.
const words = document.querySelector("#texts")?.content;
const lang = document.documentElement.lang || "en";

/** For Intl. Chromium ships no Kazakh; Russian is nearer to its readers than the browser's own language. */
export const locales = lang === "kk" ? ["kk", "ru"] : [lang];

/** The translated text of a key, with `{name}` places filled from `values`. */
export function text(key, values = {}) {
  const pattern = words?.querySelector(`[data-text="${key}"]`)?.textContent ?? key;
  return fill(pattern, values);
}

/** Fills the `{name}` places of a pattern. */
export function fill(pattern, values) {
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A number of seconds in the page's language, in its right plural form. */
export function seconds(count) {
  return new Intl.NumberFormat(locales, { style: "unit", unit: "second", unitDisplay: "long" }).format(count);
}

/** A fresh copy of the element inside a <template>. */
export function blank(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

/** Tells assistive technology what happened, without moving the focus; "" takes back what was said. */
export function announce(key, values) {
  document.getElementById("status").textContent = key && text(key, values);
}
