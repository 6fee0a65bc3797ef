// The Notes card: the list and what can be done with each note.
import { Editor } from "./editor.js";
import { explain, reason } from "./field.js";
import { announce, blank, text } from "./texts.js";
import { localise } from "./times.js";

export class Notes {
  constructor(root, { api, frame }) {
    this.root = root;
    this.api = api;
    this.frame = frame;
    this.next = frame.next;
    this.list = root.querySelector("#notes");
    this.empty = root.querySelector("#empty");
    this.end = root.querySelector("#older");
    this.more = this.end.querySelector("button");
    this.list.addEventListener("click", (event) => this.#clicked(event));
    this.more.addEventListener("click", () => this.older());
  }

  /** A note being saved: shown at once as plain text. */
  expect(source) {
    const element = blank("blank-note");
    this.#write(element, { author: { id: this.frame.viewer_id, name: text("you") }, version: 1 });
    element.querySelector(".note-you").hidden = true;
    const prose = element.querySelector(".prose");
    prose.textContent = source;
    prose.classList.add("prose-plain");
    element.classList.add("note-fresh");
    element.setAttribute("aria-busy", "true");
    this.list.prepend(element);
    this.#mindEmpty();
    return element;
  }

  /** The note has been saved. */
  settle(element, note) {
    element.querySelector(".prose").classList.remove("prose-plain");
    element.removeAttribute("aria-busy");
    this.show(element, note);
  }

  /** The note could not be saved. */
  withdraw(element) {
    element.remove();
    this.#mindEmpty();
  }

  /** Writes a note of the API into its element. */
  show(element, note) {
    element.id = `note-${note.id}`;
    element.dataset.note = note.id;
    element.dataset.version = note.version;
    const time = element.querySelector("time");
    time.dateTime = note.created_at;
    // The server has sanitised it, as it has what the page came with.
    element.querySelector(".prose").innerHTML = note.html;
    const source = element.querySelector(".note-source");
    if (source) source.content.textContent = note.text;
    this.#write(element, note);
    localise(element);
  }

  async older() {
    if (this.more.getAttribute("aria-busy") === "true") return;
    this.more.setAttribute("aria-busy", "true");
    explain(this.end);
    try {
      const page = await this.api.page(this.next);
      this.next = page.next;
      const first = this.#append(page.results);
      this.end.hidden = !page.next;
      announce("older");
      if (!page.next) first?.focus();
    } catch (problem) {
      explain(this.end, reason(problem));
    } finally {
      this.more.removeAttribute("aria-busy");
    }
  }

  #append(notes) {
    const fresh = notes.filter((note) => !document.getElementById(`note-${note.id}`));
    const elements = fresh.map((note) => {
      const element = blank("blank-note");
      this.show(element, note);
      return element;
    });
    this.list.append(...elements);
    return elements[0];
  }

  #write(element, { author, version }) {
    const avatar = element.querySelector(".avatar");
    avatar.textContent = [...author.name][0] ?? "?";
    avatar.className = `avatar tone-${String(author.id).slice(-1)}`;
    element.querySelector(".note-author bdi").textContent = author.name;
    element.querySelector(".note-you").hidden = author.id !== this.frame.viewer_id;
    element.querySelector(".note-edited").hidden = version === 1;
  }

  #clicked(event) {
    const button = event.target.closest("[data-action]");
    const element = button?.closest(".note");
    if (!element) return;
    if (button.dataset.action === "edit") this.#edit(element, button);
    else if (button.dataset.action === "ask") this.#ask(element);
  }

  #edit(element) {
    this.#quiet(element, true);
    new Editor(element, {
      api: this.api,
      onClose: (_element, note) => {
        this.#quiet(element, false);
        if (note) this.show(element, note);
        element.querySelector("[data-action=edit]").focus();
      },
    });
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
    explain(question);
    try {
      await this.api.remove(element.dataset.note);
    } catch (problem) {
      // Somebody else was faster: what was wanted has come true.
      if (problem.status !== 404) {
        button.removeAttribute("aria-busy");
        explain(question, reason(problem));
        return;
      }
    }
    const neighbour = element.nextElementSibling ?? element.previousElementSibling;
    element.remove();
    this.#mindEmpty();
    (neighbour ?? this.root.querySelector("textarea"))?.focus();
    announce("deleted");
  }

  #quiet(element, busy) {
    element.querySelector(".note-tools").hidden = busy;
  }

  #mindEmpty() {
    this.empty.hidden = this.list.childElementCount > 0;
  }
}
