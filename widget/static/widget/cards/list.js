// A live list: waiting, pages, search in what is loaded, nothing there, failed. Text goes in as text, never as HTML.
const FIND_FROM = 8;

/**
 * `load(place)` gives `{items, next}` of a page (`place` is null first); `fill(row, item)` writes one row;
 * `words(item)` is what the search looks at.
 */
export class LiveList {
  #items = [];
  #next = null;

  constructor(panel, { load, fill, words }) {
    Object.assign(this, { panel, load, fill, words });
    this.list = panel.querySelector(".rows");
    this.box = panel.querySelector(".card-list");
    this.find = panel.querySelector(".card-find");
    this.none = panel.querySelector(".card-none");
    this.more = panel.querySelector("[data-action=more]");
    this.blank = panel.querySelector("template[data-row]").content.firstElementChild;
    this.waiting = [...this.list.children];
    this.find.addEventListener("input", () => this.#search());
    this.more.addEventListener("click", () => this.#page());
    panel.querySelector("[data-action=retry]").addEventListener("click", () => this.start());
  }

  start() {
    this.#items = [];
    this.#next = null;
    this.list.replaceChildren(...this.waiting);
    this.list.setAttribute("aria-busy", "true");
    this.#show("list");
    return this.#page();
  }

  async #page() {
    if (this.more.getAttribute("aria-busy") === "true") return;
    this.more.setAttribute("aria-busy", "true");
    try {
      const { items, next } = await this.load(this.#next);
      const rows = items.map((item) => this.#row(item));
      for (const row of this.waiting) row.remove();
      this.list.append(...rows);
      this.list.setAttribute("aria-busy", "false");
      this.#next = next;
      this.more.hidden = next === null;
      this.find.hidden = this.#items.length < FIND_FROM && next === null;
      this.#show(this.#items.length ? "list" : "empty");
      this.#search();
    } catch (error) {
      for (const [name, on] of [
        ["denied", error.denied === true],
        ["failed", error.denied !== true],
      ]) {
        this.panel.querySelector(`[data-say=${name}]`).hidden = !on;
      }
      this.#show("failed");
    } finally {
      this.more.removeAttribute("aria-busy");
    }
  }

  #row(item) {
    const row = this.blank.cloneNode(true);
    this.fill(row, item);
    this.#items.push({ row, text: this.words(item).toLocaleLowerCase() });
    return row;
  }

  #search() {
    const wanted = this.find.value.trim().toLocaleLowerCase();
    let found = 0;
    for (const { row, text } of this.#items) {
      row.hidden = !text.includes(wanted);
      found += row.hidden ? 0 : 1;
    }
    this.none.hidden = found > 0 || !wanted;
  }

  #show(state) {
    this.box.hidden = state !== "list";
    for (const part of this.panel.querySelectorAll("[data-state]"))
      part.hidden = part.dataset.state !== state;
  }
}
