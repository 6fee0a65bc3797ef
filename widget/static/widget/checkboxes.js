// Checkboxes of task lists: ticked in place by whoever may write, under the version that is shown.
import { Problem } from "#frames/api.js";
import { announce } from "#frames/texts.js";

/** The boxes of a note, in the order in which the server counts them. */
export function boxesOf(element) {
  return [...element.querySelectorAll(".note-text input[type=checkbox]")];
}

function label(box) {
  return box?.closest("label").textContent.trim();
}

export class Checkboxes {
  /** `show(element, note)` writes a note into its element; `fail(element, problem)` says why not. */
  constructor(list, { api, show, fail }) {
    this.api = api;
    this.show = show;
    this.fail = fail;
    list.addEventListener("change", (event) => {
      if (event.target.matches(".note-text input[type=checkbox]")) this.#tick(event.target);
    });
  }

  async #tick(box) {
    const element = box.closest(".note");
    const number = boxesOf(element).indexOf(box);
    const checked = box.checked;
    const words = label(box);
    // One at a time in a note: each tick makes a new version. The server keeps what others changed elsewhere.
    const turn = (element.turn ?? Promise.resolve()).then(() => this.#save(element, number, checked, words));
    element.turn = turn.catch(() => {});
    try {
      this.#settle(element, number, await turn);
      announce("saved");
    } catch (problem) {
      const again = boxesOf(element)[number];
      if (again) again.checked = !checked;
      if (problem.current) this.show(element, problem.current);
      this.fail(element, problem);
    }
  }

  async #save(element, number, checked, words) {
    const { note: id, version } = element.dataset;
    // What others wrote may have come with the tick before: the same point is meant if it still reads the same.
    if (label(boxesOf(element)[number]) !== words) throw new Problem(409);
    const note = await this.api.tick(id, number, checked, Number(version));
    if (note.version <= Number(version) + 1) element.dataset.version = note.version;
    else this.show(element, note);
    return note;
  }

  #settle(element, number, note) {
    if (Number(element.dataset.version) !== note.version) return;
    const focused =
      document.activeElement?.matches(".note-text input") && element.contains(document.activeElement);
    this.show(element, note);
    if (focused) boxesOf(element)[number]?.focus();
  }
}
