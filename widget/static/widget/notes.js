// The Notes card: what can be done with each note of the list.

import { announce, text } from "#frames/texts.js";
import { Checkboxes } from "./checkboxes.js";
import { copy } from "./clipboard.js";
import { askToDelete } from "./deleting.js";
import { Edits } from "./drafts.js";
import { NoteList } from "./notelist.js";
import { attended, reason, showError, TextField } from "./text-field.js";

export class Notes extends NoteList {
  constructor(root, parts) {
    super(root, parts);
    this.edits = new Edits(this.frame);
    this.list.addEventListener("click", (event) => this.#clicked(event));
    new Checkboxes(this.list, {
      api: this.api,
      show: (element, note) => this.show(element, note),
      fail: (element, problem) => showError(element, reason(problem)),
    });
  }

  #clicked(event) {
    const button = event.target.closest("[data-action]");
    const element = button?.closest(".note");
    if (!element) return;
    const actions = {
      edit: (each) => this.edit(each),
      ask: (each) => askToDelete(each, this),
      more: this.#more,
      pin: this.#pin,
      copy: this.#copy,
      history: this.#history,
      template: this.#template,
      undo: this.#undo,
    };
    actions[button.dataset.action]?.call(this, element, button);
  }

  #more(element, button) {
    const row = element.querySelector(".note-more");
    row.hidden = !row.hidden;
    button.setAttribute("aria-expanded", String(!row.hidden));
  }

  async #pin(element, button) {
    showError(element);
    try {
      this.mark(
        element,
        await this.api.pin(element.dataset.note, button.getAttribute("aria-pressed") !== "true"),
      );
      const here = attended(element);
      this.place(element);
      if (here) button.focus();
      announce("saved");
    } catch (problem) {
      showError(element, reason(problem));
    }
  }

  async #copy(element, button) {
    const copied = await copy(this.frame.link + element.dataset.note);
    button.focus();
    const said = copied ? "copied" : "uncopied";
    element.querySelector(".note-said").textContent = text(said);
    announce(said);
  }

  async #template(element) {
    showError(element);
    (await this.#load(element))?.keepAsTemplate(element, this.api);
  }

  async #history(element, button) {
    (await this.#load(element))?.openHistory(element, button, this);
  }

  /** Resolves to nothing if it does not come. */
  #load(element) {
    return import("./dist/later.js").catch(() => showError(element, text("failed")));
  }

  async #undo(element) {
    showError(element);
    try {
      const note = await this.api.restore(element.dataset.deleted);
      element.remove();
      this.comeBack(note);
      announce("restoredNote");
    } catch (problem) {
      showError(element, reason(problem));
    }
  }

  /** Shows a note that is back, and leads to it. */
  comeBack(note) {
    const shown = document.getElementById(`note-${note.id}`);
    const form = shown?.querySelector(".editor");
    // Whoever still writes there goes on.
    if (form) return form.editor.back();
    shown?.remove();
    this.insert(note).focus();
    this.updateEmptyState();
  }

  async edit(element, then) {
    const editor = await this.#open(element);
    editor?.focus();
    if (editor) then?.(editor);
  }

  async #open(element) {
    showError(element);
    const later = await this.#load(element);
    if (!later || element.querySelector(".editor")) return;
    element.querySelector(".history")?.remove();
    this.quiet(element, true);
    const editor = new later.Editor(element, {
      TextField,
      api: this.api,
      edits: this.edits,
      onClose: (note, { merged, here }) => {
        this.quiet(element, false);
        if (here) element.querySelector("[data-action=edit]").focus();
        this.release(element, note);
        if (merged) later.showMerged(element, note, merged, this);
      },
    });
    return editor;
  }

  /** Opens again what was being edited; `adopt(words, key)` takes what was written into a note that is gone. */
  async resume(adopt) {
    this.adopt = adopt;
    const shown = [...this.list.children].map((element) => element.dataset.note).filter(Boolean);
    // Whoever began before they came goes on; what was written before that becomes a note of its own.
    await this.edits.load(shown, adopt);
    await this.#reopen();
  }

  /** The whole notebook again, and with it the drafts that waited. */
  replace(page, filtered) {
    super.replace(page, filtered);
    if (!filtered && this.adopt) this.#reopen();
  }

  async #reopen() {
    for (const [id, { text: words, key }] of this.edits.all) {
      try {
        let element = document.getElementById(`note-${id}`);
        // Among what is looked for only what fits is shown; the draft waits.
        if (!element && this.filtered) continue;
        element ??= this.insert(await this.api.note(id));
        if (await this.#open(element)) announce("restored");
      } catch (problem) {
        if (problem.status !== 404) continue;
        this.adopt(words, key);
        this.edits.put(id, null);
      }
    }
  }

  /** Whoever is busy with a note needs its buttons not. */
  quiet(element, busy) {
    element.querySelector(".note-tools").hidden = busy;
  }
}
