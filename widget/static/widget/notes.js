// The Notes card: what can be done with each note of the list.

import { announce, blank, text } from "#frames/texts.js";
import { Checkboxes } from "./checkboxes.js";
import { copy } from "./clipboard.js";
import { Edits } from "./drafts.js";
import { NoteList } from "./notelist.js";
import { reason, showError, TextField } from "./text-field.js";

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
      edit: (each) => this.#edit(each),
      ask: this.#ask,
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
      this.place(element);
      button.focus();
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
    const title = element.querySelector(".note-text").textContent.trim().split("\n")[0].slice(0, 80).trim();
    const source = element.querySelector(".note-source").content.textContent;
    try {
      await this.api.keepTemplate(title, source);
      element.querySelector(".note-said").textContent = text("templateKept");
      announce("templateKept");
    } catch (problem) {
      showError(element, reason(problem));
    }
  }

  async #history(element, button) {
    if (element.querySelector(".history")) return;
    const later = await this.#load(element);
    if (!later || element.querySelector(".history")) return;
    new later.HistoryPanel(element, {
      api: this.api,
      onRestored: (note) => this.show(element, note),
      onClash: (text, version) => {
        this.edits.put(element.dataset.note, { text, version });
        this.#edit(element, (editor) => editor.form.requestSubmit());
      },
      onClose: () => button.focus(),
    });
  }

  /** Resolves to nothing if it does not come. */
  #load(element) {
    return import("./dist/later.js").catch(() => showError(element, text("failed")));
  }

  /** What others have made of a note that was saved a moment ago. */
  async #showMerged(element, note, sent) {
    const later = await this.#load(element);
    later?.showMerged(element, {
      api: this.api,
      note,
      sent,
      onUndone: (now, text) => {
        this.show(element, now);
        this.edits.put(element.dataset.note, { text, version: now.version, undecided: true });
        this.#edit(element);
      },
    });
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
    document.getElementById(`note-${note.id}`)?.remove();
    this.insert(note).focus();
    this.updateEmptyState();
  }

  async #edit(element, then) {
    const editor = await this.#open(element);
    editor?.focus();
    if (editor) then?.(editor);
  }

  async #open(element) {
    showError(element);
    const later = await this.#load(element);
    if (!later || element.querySelector(".editor")) return;
    this.#quiet(element, true);
    const editor = new later.Editor(element, {
      TextField,
      api: this.api,
      edits: this.edits,
      onClose: (note, merged) => {
        this.#quiet(element, false);
        element.querySelector("[data-action=edit]").focus();
        this.release(element, note);
        if (merged) this.#showMerged(element, note, merged);
      },
    });
    return editor;
  }

  /** Opens again what was being edited; `adopt(words, key)` takes what was written into a note that is gone. */
  async resume(adopt) {
    const shown = [...this.list.children].map((element) => element.dataset.note).filter(Boolean);
    for (const [id, { text: words, key }] of await this.edits.load(shown)) {
      try {
        let element = document.getElementById(`note-${id}`);
        // Among what is looked for only what fits is shown; the draft waits.
        if (!element && this.filtered) continue;
        element ??= this.insert(await this.api.note(id));
        if (await this.#open(element)) announce("restored");
      } catch (problem) {
        if (problem.status !== 404) continue;
        adopt(words, key);
        this.edits.put(id, null);
      }
    }
  }

  /** The question before a note is deleted, in its place. */
  #ask(element) {
    this.#quiet(element, true);
    const question = blank("blank-ask");
    const keep = () => {
      question.remove();
      this.#quiet(element, false);
      element.querySelector("[data-action=ask]").focus();
    };
    question.querySelector("[data-action=keep]").addEventListener("click", keep);
    question.querySelector("[data-action=delete]").addEventListener("click", () => {
      this.#remove(element, question);
    });
    question.addEventListener("keydown", (event) => {
      if (event.key === "Escape") keep();
    });
    element.append(question);
    question.querySelector("[data-action=keep]").focus();
  }

  async #remove(element, question) {
    const button = question.querySelector("[data-action=delete]");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    showError(question);
    try {
      await this.api.remove(element.dataset.note, element.dataset.version);
    } catch (problem) {
      // What would be deleted is shown first.
      if (problem.current) this.show(element, problem.current);
      // Somebody else was faster: what was wanted has come true.
      if (problem.status !== 404) {
        button.removeAttribute("aria-busy");
        showError(question, reason(problem));
        return;
      }
    }
    this.bury(element);
  }

  #quiet(element, busy) {
    element.querySelector(".note-tools").hidden = busy;
  }
}
