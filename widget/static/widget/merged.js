// What came into a note by a merge is shown, and can be undone: then the note says what it said before, and one's own
// words are in the editor again.
import { announce, blank } from "#frames/texts.js";
import { parts } from "./difference.js";
import { reason, showError } from "./text-field.js";

/** `note`, one of the `notes`, was merged with what was `sent`. */
export function showMerged(element, note, sent, notes) {
  const { api } = notes;
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
      notes.show(element, now);
      notes.edits.put(element.dataset.note, { text: sent, version: now.version, undecided: true });
      notes.edit(element);
    } catch (problem) {
      button.removeAttribute("aria-busy");
      showError(section, reason(problem));
    }
  });
  element.querySelector("article").append(section);
}
