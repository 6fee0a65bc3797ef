// The composer on top. A new note appears at once; if it cannot be saved, its text comes back with the reason.
import { newKey } from "#frames/api.js";
import { announce } from "#frames/texts.js";
import { Draft } from "./drafts.js";
import { reason, showError, TextField } from "./text-field.js";

export class Composer {
  #pending = "";
  #known = false;
  #last = "null";
  // Of what is being written: what was sent may have arrived although no answer came, and must not become two notes.
  #key = "";

  constructor(form, { api, frame, notes }) {
    this.api = api;
    this.notes = notes;
    this.form = form;
    this.draft = new Draft(frame, "draft");
    this.field = new TextField(form, {
      onSave: (text) => this.save(text),
      onCancel: () => this.leave(),
      onInput: (words) => this.keep(words),
    });
    form.addEventListener("focusin", () => {
      form.toggleAttribute("data-kept", false);
      form.toggleAttribute("data-open", true);
      this.field.enrich();
    });
    this.#restore();
  }

  /** What is being sent and what is being written: what would be lost without a draft. */
  get unsaved() {
    return join(this.#pending, this.field.text);
  }

  /** Begins with a template; what was written already stays below it. */
  begin(words) {
    this.field.value = join(words, this.field.text);
    this.field.focus();
  }

  /** Goes on with `words`. */
  add(words) {
    this.field.value = join(this.field.text, words);
    this.field.focus();
  }

  /** Words that have lost their place, to be saved as a note; under a `key` they may have been sent already. */
  take(words, key) {
    if (key && !this.unsaved) this.#key = key;
    this.field.value = join(words, this.field.text);
  }

  async #restore() {
    const kept = await this.draft.read();
    this.#known = true;
    const typed = this.unsaved;
    if (kept && !typed.includes(kept.text)) {
      this.#last = JSON.stringify(kept);
      this.#key = kept.key;
      // It takes no more room than the empty field did, until somebody comes to it.
      this.form.toggleAttribute("data-kept", !this.form.contains(document.activeElement));
      this.take(kept.text);
      announce("restored");
    }
    this.keep();
  }

  keep(words = this.field.text) {
    const text = join(this.#pending, words);
    // Who may no longer write can still read and copy it.
    this.form.toggleAttribute("data-words", Boolean(text));
    // Whoever has emptied the field does not go on with what was in it.
    this.#key = text && (this.#key || newKey());
    const kept = text ? { text, key: this.#key } : null;
    const said = JSON.stringify(kept);
    // Not before it is known what was kept, and not again what is kept already.
    if (!this.#known || said === this.#last) return;
    this.#last = said;
    this.draft.write(kept);
  }

  leave() {
    document.activeElement?.blur();
    this.form.removeAttribute("data-open");
  }

  async save(text) {
    this.#pending = text;
    showError(this.form);
    this.field.value = "";
    this.field.busy = true;
    const element = this.notes.addPending(text);
    announce("saving");
    try {
      const made = this.api.add(text, this.#key).catch(async (problem) => {
        if (problem.code !== "key_reused") throw problem;
        const { addAgain } = await import("./dist/later.js");
        return addAgain(this.api, text, problem, (key) => {
          this.#key = key;
          this.keep();
        });
      });
      this.notes.confirmPending(element, await made);
      this.#key = "";
      this.#pending = "";
      announce("saved");
    } catch (problem) {
      this.notes.removePending(element);
      announce("");
      const together = this.unsaved;
      this.#pending = "";
      this.field.value = together;
      this.field.fail(reason(problem));
    } finally {
      this.field.busy = false;
      this.keep();
    }
  }
}

function join(...parts) {
  return parts.filter((part) => part.trim()).join("\n\n");
}
