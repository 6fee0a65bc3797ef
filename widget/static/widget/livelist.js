// A live list: waiting, pages, search in what is loaded, nothing there, failed. Text goes in as text, never as HTML.
const STALE = 60_000;

/**
 * `load(start)` gives `{items, next}` of a page (`start` is 0 first, then what `next` was, null for no more);
 * `fill(row, item)` writes one row; `words(item)` is what the search looks at.
 */
export class LiveList {
  #rows = [];
  #next = null;
  #loadedAt = 0;
  #busy = false;

  constructor(panel, { load, fill, words }) {
    Object.assign(this, { panel, load, fill, words });
    this.list = panel.querySelector(".rows");
    this.find = panel.querySelector(".card-find");
    this.none = panel.querySelector(".card-none");
    this.more = panel.querySelector("[data-action=more]");
    this.moreFailed = panel.querySelector("[data-more-failed]");
    this.blank = panel.querySelector("template[data-row]").content.firstElementChild;
    this.find.addEventListener("input", () => this.#search());
    this.more.addEventListener("click", () => this.#page(this.#next));
    this.refresh();
  }

  /** Loads again what is older than a minute. What is shown stays until the answer is here. */
  async refresh() {
    if (Date.now() - this.#loadedAt > STALE) await this.#page(0);
  }

  async #page(start) {
    if (this.#busy) return;
    this.#busy = true;
    this.more.setAttribute("aria-busy", "true");
    this.moreFailed.hidden = true;
    try {
      this.#take(await this.load(start), start);
    } catch (error) {
      this.#fail(error, start);
    } finally {
      this.#busy = false;
      this.more.removeAttribute("aria-busy");
    }
  }

  #take({ items, next }, start) {
    const rows = items.map((item) => this.#row(item));
    const added = rows.map(({ row }) => row);
    if (start === 0) {
      this.#loadedAt = Date.now();
      this.#rows = rows;
      this.#replace(added);
    } else {
      this.#rows.push(...rows);
      this.list.append(...added);
      added[0]?.querySelector("a, button")?.focus();
    }
    this.list.removeAttribute("aria-busy");
    this.#next = next;
    this.more.hidden = next === null;
    show(this.panel, this.#rows.length ? null : "empty");
    this.#search();
  }

  /** New rows for old ones; the focus stays at its place. */
  #replace(rows) {
    const focused = [...this.list.children].findIndex((row) => row.contains(document.activeElement));
    const kind = document.activeElement?.tagName;
    this.list.replaceChildren(...rows);
    if (focused >= 0) rows[Math.min(focused, rows.length - 1)]?.querySelector(kind)?.focus();
  }

  #fail(error, start) {
    if (start > 0) this.moreFailed.hidden = false;
    else if (error.denied) show(this.panel, "denied");
    else if (!this.#rows.length) show(this.panel, "failed");
  }

  #row(item) {
    const row = this.blank.cloneNode(true);
    this.fill(row, item);
    return { row, text: this.words(item).toLocaleLowerCase() };
  }

  #search() {
    const wanted = this.find.value.trim().toLocaleLowerCase();
    let found = 0;
    for (const { row, text } of this.#rows) {
      row.hidden = !text.includes(wanted);
      found += row.hidden ? 0 : 1;
    }
    this.none.hidden = found > 0 || !wanted;
  }
}

/** Shows one of a card's states ("empty", "failed", "denied"), null for its list. */
export function show(panel, state) {
  panel.querySelector(".card-list").hidden = state !== null;
  for (const part of panel.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== state;
}
