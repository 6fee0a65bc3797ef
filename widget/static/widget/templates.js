// Templates for a new note: those that every chat has, in the page's language, and the chat's own.
import { announce, blank, fill, text } from "#frames/texts.js";
import { attended, reason, showError } from "./text-field.js";

export class Templates {
  /** `onChoose(text)` gets what a template says. */
  constructor(button, { api, onChoose }) {
    Object.assign(this, { button, api, onChoose });
    this.panel = blank("blank-templates");
    this.list = this.panel.querySelector("ul");
    button.closest("form").append(this.panel);
    this.panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.toggle();
      button.focus();
    });
  }

  toggle() {
    this.panel.hidden = !this.panel.hidden;
    this.button.setAttribute("aria-expanded", String(!this.panel.hidden));
    if (!this.panel.hidden) this.#load();
  }

  async #load() {
    showError(this.panel);
    try {
      const [shared, own] = await Promise.all([everywhere(), this.api.templates()]);
      const rows = [
        ...shared.map(({ title, text: words }) => this.#row(title, words)),
        ...own.results.map((template) => this.#row(template.title, template.text, template)),
      ];
      const here = attended(this.panel) || document.activeElement === this.button;
      this.list.replaceChildren(...rows);
      if (here) rows[0].querySelector("button").focus();
    } catch (problem) {
      showError(this.panel, reason(problem));
    }
  }

  #row(title, words, own) {
    const row = blank("blank-template");
    const [choose, remove] = row.querySelectorAll("button");
    choose.textContent = title;
    choose.addEventListener("click", () => {
      this.toggle();
      this.onChoose(words);
    });
    remove.hidden = !own;
    remove.setAttribute("aria-label", fill(remove.dataset.pattern, { title }));
    remove.addEventListener("click", async () => {
      try {
        await this.api.removeTemplate(own.id);
        announce("templateGone");
      } catch (problem) {
        if (problem.status !== 404) return showError(this.panel, reason(problem));
      }
      row.remove();
      choose.closest("ul")?.querySelector("button").focus();
    });
    return row;
  }
}

/** Their names stand in the menu of the rich editor, and what they say beside it. */
async function everywhere() {
  const answer = await fetch(new URL("editor/", location.href), {
    headers: { "Accept-Language": document.documentElement.lang },
    credentials: "omit",
  });
  const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
  const found = [...page.querySelectorAll("[data-template]")].map((option) => ({
    title: option.textContent.trim(),
    text: page.querySelector(`[data-markdown="${option.dataset.template}"]`).content.textContent.trim(),
  }));
  return [...found, { title: text("emptyNote"), text: "" }];
}

/** Makes a template of a note. */
export async function keepAsTemplate(element, api) {
  const title = element.querySelector(".note-text").textContent.trim().split("\n")[0].slice(0, 80).trim();
  const source = element.querySelector(".note-source").content.textContent;
  try {
    await api.keepTemplate(title, source);
    element.querySelector(".note-said").textContent = text("templateKept");
    announce("templateKept");
  } catch (problem) {
    showError(element, reason(problem));
  }
}
