// The row of buttons above the text: one stop for Tab, arrow keys inside, Alt+F10 comes here, Escape goes back.
import { isInTable } from "prosemirror-tables";
import { COMMANDS, linkAt, setLink } from "./commands.js";
import { ADDRESS } from "./schema.js";

export class Toolbar {
  /** `box` holds the buttons, each with the name of its command; `view()` is the editor. */
  constructor(box, view) {
    this.box = box;
    this.view = view;
    this.buttons = [...box.querySelectorAll("[data-command]")];
    this.tableTools = box.querySelector("[data-tools=table]");
    this.link = box.querySelector("[data-link]");
    this.address = this.link.querySelector("input");
    for (const button of this.buttons) {
      // The text keeps the focus and what is selected in it.
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", () => this.#run(button.dataset.command));
    }
    box.addEventListener("keydown", (event) => this.#walk(event));
    this.address.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      this.#setLink(this.address.value.trim());
    });
    this.link
      .querySelector("[data-action=apply]")
      .addEventListener("click", () => this.#setLink(this.address.value.trim()));
    this.link.querySelector("[data-action=remove]").addEventListener("click", () => this.#setLink(""));
    this.#stop(this.buttons[0]);
  }

  show(state) {
    const inTable = isInTable(state);
    this.tableTools.hidden = !inTable;
    for (const button of this.buttons) {
      const command = COMMANDS[button.dataset.command];
      if (button.hasAttribute("aria-pressed")) {
        set(button, "aria-pressed", command ? command.active(state) : Boolean(linkAt(state)));
      }
      if (command) set(button, "aria-disabled", !command.run(state));
    }
  }

  focus() {
    this.buttons.find((button) => button.tabIndex === 0)?.focus();
  }

  openLink() {
    const { state } = this.view();
    this.address.value = linkAt(state)?.href ?? "";
    this.link.hidden = false;
    this.link.querySelector("[data-action=remove]").hidden = !this.address.value;
    this.address.focus();
    this.address.select();
  }

  #run(name) {
    const view = this.view();
    if (name === "link") {
      if (!this.link.hidden) return this.#closeLink();
      return this.openLink();
    }
    COMMANDS[name].run(view.state, view.dispatch, view);
    view.focus();
  }

  #setLink(said) {
    const href =
      !said || ADDRESS.test(said)
        ? said
        : /^[^/\s@]+@[^/\s@]+$/.test(said)
          ? `mailto:${said}`
          : `https://${said}`;
    const view = this.view();
    setLink(href)(view.state, view.dispatch);
    this.#closeLink();
  }

  #closeLink() {
    this.link.hidden = true;
    this.view().focus();
  }

  #walk(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      return this.#closeLink();
    }
    const steps = { ArrowRight: 1, ArrowLeft: -1 };
    const at = this.buttons.indexOf(event.target);
    if (at < 0 || !(event.key in steps || event.key === "Home" || event.key === "End")) return;
    event.preventDefault();
    const shown = this.buttons.filter((button) => button.checkVisibility());
    const forward = getComputedStyle(this.box).direction === "rtl" ? -1 : 1;
    const place = shown.indexOf(event.target) + (steps[event.key] ?? 0) * forward;
    const next =
      event.key === "Home"
        ? 0
        : event.key === "End"
          ? shown.length - 1
          : (place + shown.length) % shown.length;
    this.#stop(shown[next]);
    shown[next].focus();
  }

  #stop(button) {
    for (const each of this.buttons) each.tabIndex = each === button ? 0 : -1;
  }
}

function set(button, name, on) {
  if (button.getAttribute(name) !== String(on)) button.setAttribute(name, String(on));
}
