// The panel that slides in from the right. A modal <dialog>: Escape closes it, focus stays inside.

const CLOSE_ICON = '<svg class="icon" aria-hidden="true"><use href="#i-close"></use></svg>';

export class Slider {
  #element = document.createElement("dialog");
  #title = document.createElement("h2");
  /** Where the content goes. */
  body = document.createElement("div");
  /** Resolves when the slider is gone. */
  closed;

  /** `width` in CSS pixels, optional. */
  constructor({ title, width }) {
    this.#element.className = "slider";
    this.#element.setAttribute("aria-label", title);
    if (width > 0) this.#element.style.setProperty("--slider-width", `${width}px`);
    this.#title.className = "slider__title truncate";
    this.#title.textContent = title;
    this.body.className = "frame-host";
    this.#element.append(this.#closeButton(), this.#panel());
    document.body.append(this.#element);
    this.closed = new Promise((resolve) => {
      this.#element.addEventListener("close", () => {
        this.#element.remove();
        resolve();
      });
    });
    this.#element.addEventListener("click", (event) => {
      if (event.target === this.#element) this.close();
    });
    this.#element.showModal();
  }

  close() {
    if (this.#element.open) this.#element.close();
  }

  setTitle(title) {
    this.#title.textContent = title;
  }

  /** Shows a notice of the portal instead of a page. */
  notice(title, text) {
    const box = document.createElement("div");
    const head = document.createElement("h3");
    const line = document.createElement("p");
    box.className = "empty";
    head.textContent = title;
    line.textContent = text;
    box.append(head, line);
    this.body.className = "slider__notice";
    this.body.replaceChildren(box);
  }

  #closeButton() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "slider__close";
    button.setAttribute("aria-label", "Close");
    button.innerHTML = CLOSE_ICON;
    button.addEventListener("click", () => this.close());
    return button;
  }

  #panel() {
    const panel = document.createElement("div");
    const head = document.createElement("header");
    panel.className = "slider__panel";
    head.className = "slider__head";
    head.append(this.#title);
    panel.append(head, this.body);
    return panel;
  }
}
