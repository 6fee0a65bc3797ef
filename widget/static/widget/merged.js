// What came into a note by a merge is shown, and can be undone: then the note says what it said before, and one's own
// words are in the editor again.
import { announce, blank } from "#frames/texts.js";
import { parts } from "./difference.js";
import { reason, showError } from "./text-field.js";

/** `note` was merged with what was `sent`; `onUndone(note, sent)` gets it as it was before. */
export function showMerged(element, { api, note, sent, onUndone }) {
  element.querySelector(".merged")?.remove();
  const section = blank("blank-merged");
  section.querySelector(".version-text").append(...parts(note.others ?? []));
  section.querySelector("[data-action=close]").addEventListener("click", () => {
    section.remove();
    element.querySelector("[data-action=edit]").focus();
  });
  const button = section.querySelector("[data-action=unmerge]");
  button.hidden = note.before === null;
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    showError(section);
    try {
      const before = await api.version(note.id, note.before);
      const now = await api.edit(note.id, before.text, note.version);
      section.remove();
      announce("saved");
      onUndone(now, sent);
    } catch (problem) {
      button.removeAttribute("aria-busy");
      showError(section, reason(problem));
    }
  });
  element.querySelector("article").append(section);
}
