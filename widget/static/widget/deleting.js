// The question before a note is deleted, in its place.
import { blank } from "#frames/texts.js";
import { reason, showError } from "./text-field.js";

/** Asks about one of the `notes`. */
export function askToDelete(element, notes) {
  notes.quiet(element, true);
  const question = blank("blank-ask");
  const [keep, button] = ["keep", "delete"].map((name) => question.querySelector(`[data-action=${name}]`));
  const close = () => {
    question.remove();
    notes.quiet(element, false);
    element.querySelector("[data-action=ask]").focus();
  };
  const remove = async () => {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    showError(question);
    try {
      await notes.api.remove(element.dataset.note, element.dataset.version);
    } catch (problem) {
      // What would be deleted is shown first.
      if (problem.current) notes.show(element, problem.current);
      // Somebody else was faster: what was wanted has come true.
      if (problem.status !== 404) {
        button.removeAttribute("aria-busy");
        showError(question, reason(problem));
        return;
      }
    }
    notes.bury(element);
  };
  keep.addEventListener("click", close);
  button.addEventListener("click", remove);
  question.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  element.append(question);
  keep.focus();
}
