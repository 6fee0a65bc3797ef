// The composer on top. A new note appears at once; if it cannot be saved, its text comes back with the reason.
import { Draft } from "./drafts.js";
import { explain, Field, reason } from "./field.js";
import { announce } from "./texts.js";

export class Composer {
  #pending = "";

  constructor(form, { api, frame, notes }) {
    this.api = api;
    this.notes = notes;
    this.form = form;
    this.draft = new Draft(frame.member_id, frame.dialog_id, frame.viewer_id);
    const kept = this.draft.read();
    this.field = new Field(form, {
      onSave: (text) => this.save(text),
      onCancel: () => this.leave(),
      onInput: () => this.keep(),
    });
    this.field.area.addEventListener("focus", () => form.toggleAttribute("data-open", true));
    if (kept && !this.field.value) {
      this.field.value = kept;
      announce("restored");
    }
  }

  /** The draft holds what is not saved: what is being sent and what is being written. */
  keep() {
    this.draft?.write(this.#together());
  }

  leave() {
    this.field.area.blur();
    this.form.removeAttribute("data-open");
  }

  async save(text) {
    this.#pending = text;
    explain(this.form);
    this.field.value = "";
    this.field.busy = true;
    const element = this.notes.expect(text);
    announce("saving");
    try {
      this.notes.settle(element, await this.api.add(text));
      this.#pending = "";
      announce("saved");
    } catch (problem) {
      this.notes.withdraw(element);
      this.#takeBack(reason(problem));
    } finally {
      this.field.busy = false;
      this.keep();
    }
  }

  #takeBack(message) {
    const text = this.#together();
    this.#pending = "";
    this.field.value = text;
    this.field.fail(message);
  }

  #together() {
    return [this.#pending, this.field?.area.value ?? ""].filter((part) => part.trim()).join("\n\n");
  }
}
