// Live preview: what is being written, rendered by the server that will render it when it is saved.

import { blank } from "#frames/texts.js";
import { reason } from "./text-field.js";

const PAUSE = 400;

/** Gives the form of a note a button that shows its text as readers will see it. */
export function addPreview(form, api) {
  const area = form.querySelector("textarea");
  const button = form.querySelector("[data-action=preview]");
  const box = blank("blank-preview");
  const prose = box;
  let timer;
  let last;
  area.after(box);

  async function draw() {
    const text = area.value;
    if (box.hidden || text === last) return;
    last = text;
    try {
      const { html } = await api.preview(text);
      // The server has sanitised it, as it has what the page came with.
      if (text === last) prose.innerHTML = html;
    } catch (problem) {
      last = undefined;
      prose.textContent = reason(problem);
    }
  }

  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(draw, PAUSE);
  });
  button.addEventListener("click", () => {
    box.hidden = !box.hidden;
    button.setAttribute("aria-pressed", String(!box.hidden));
    draw();
  });
  form.addEventListener("submit", () => {
    box.hidden = true;
    button.setAttribute("aria-pressed", "false");
  });
}

/** An address pasted over selected words becomes their link. */
export function linkOnPaste(area) {
  area.addEventListener("paste", (event) => {
    const address = event.clipboardData?.getData("text/plain").trim() ?? "";
    const words = area.value.slice(area.selectionStart, area.selectionEnd);
    if (!/^https?:\/\/\S+$/i.test(address) || !words.trim() || /^https?:\/\/|[[\]\n]/.test(words)) return;
    event.preventDefault();
    const link = `[${words}](${address.replace(/[()<>]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)})`;
    // The one way of inserting that the browser can undo.
    if (!document.execCommand("insertText", false, link)) area.setRangeText(link);
  });
}
