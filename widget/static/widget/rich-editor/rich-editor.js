// The rich editor: loaded when somebody begins to write. The text field comes back with its Markdown when it goes.
import { history } from "prosemirror-history";
import { EditorState, Plugin, Selection } from "prosemirror-state";
import { tableEditing } from "prosemirror-tables";
import { EditorView } from "prosemirror-view";
import { NoteDocument } from "./document.js";
import { keys, rules } from "./keys.js";
import { pasting } from "./paste.js";
import styles from "./rich-editor.css" with { type: "text" };
import { schema } from "./schema.js";
import { slashMenu } from "./slash-menu.js";
import { Toolbar } from "./toolbar.js";

const entities = document.createElement("textarea");
let coming;
let styled = false;
let made = 0;

function decode(entity) {
  entities.innerHTML = entity;
  return entities.value;
}

/** Once a page; a sheet that is made by script needs no place in the page's policy. */
function addStyles() {
  if (styled) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  document.adoptedStyleSheets.push(sheet);
  styled = true;
}

/** What to go on writing in stands below whatever cannot be left by writing. */
function lineBelow(doc) {
  const { table, code_block: code, source, horizontal_rule: line } = schema.nodes;
  return [table, code, source, line].includes(doc.lastChild.type);
}

const followed = new Plugin({
  appendTransaction: (_transactions, _before, { doc, tr }) =>
    lineBelow(doc) ? tr.insert(doc.content.size, schema.nodes.paragraph.create()) : null,
});

/** An item with a box that can be ticked. */
class ItemView {
  constructor(node, view, place) {
    this.boxed = node.attrs.checked !== null;
    this.dom = document.createElement("li");
    this.contentDOM = this.dom;
    if (!this.boxed) return;
    this.dom.className = "rich-task";
    this.box = document.createElement("input");
    this.box.type = "checkbox";
    this.box.contentEditable = "false";
    this.box.addEventListener("change", () => {
      view.dispatch(view.state.tr.setNodeAttribute(place(), "checked", this.box.checked));
    });
    this.contentDOM = document.createElement("div");
    this.dom.append(this.box, this.contentDOM);
    this.#show(node);
  }

  update(node) {
    if (node.type.name !== "list_item" || (node.attrs.checked !== null) !== this.boxed) return false;
    if (this.boxed) this.#show(node);
    return true;
  }

  stopEvent(event) {
    return event.target === this.box;
  }

  ignoreMutation(mutation) {
    return mutation.target === this.box;
  }

  #show(node) {
    this.box.checked = node.attrs.checked;
    this.box.setAttribute("aria-label", node.firstChild.textContent || "…");
    this.dom.toggleAttribute("data-checked", node.attrs.checked);
  }
}

export class RichEditor {
  /**
   * Takes the place of the text field `area` on the page. `parts` are the buttons and menus in the page's language.
   * `onChange()` is told of every change.
   */
  constructor(area, parts, onChange) {
    const tools = parts.querySelector("[role=toolbar]").cloneNode(true);
    const menu = parts.querySelector("[role=listbox]").cloneNode(true);
    addStyles();
    made += 1;
    this.area = area;
    this.onChange = onChange;
    this.dom = document.createElement("div");
    this.dom.className = "rich";
    menu.id = `slash-${made}`;
    for (const [index, option] of [...menu.children].entries()) option.id = `${menu.id}-${index}`;
    this.place = document.createElement("div");
    this.place.className = "rich-place";
    this.dom.append(tools, this.place);
    const template = (name) => {
      const { content } = parts.querySelector(`[data-markdown="${name}"]`);
      return new NoteDocument(content.textContent.trim(), decode).node.content;
    };
    this.plugins = [slashMenu(menu, template), rules, ...keys, history(), tableEditing(), followed];
    // Before anything on the page is another: what cannot be read is left to the text field.
    const state = this.#state(area.value);
    // There is one field of this name.
    this.name = area.getAttribute("aria-label");
    area.removeAttribute("aria-label");
    area.hidden = true;
    area.before(this.dom);
    this.toolbar = new Toolbar(tools, () => this.view);
    this.hint = parts.querySelector("[data-hint]").textContent;
    this.view = new EditorView(this.place, {
      state,
      dispatchTransaction: (transaction) => this.#apply(transaction),
      nodeViews: { list_item: (node, view, place) => new ItemView(node, view, place) },
      attributes: (state) => this.#attributes(state),
      ...pasting(decode),
    });
    this.place.append(menu);
    this.dom.addEventListener("keydown", (event) => this.#key(event));
    this.toolbar.show(this.view.state);
  }

  /** Shows other Markdown; what was done before cannot be undone into it. */
  show(text) {
    this.view.updateState(this.#state(text));
    this.toolbar.show(this.view.state);
  }

  /** The Markdown as it stands; `checked` is read again, for keeping. */
  get text() {
    return this.document.text(this.view.state.doc);
  }

  get checked() {
    return this.document.checked(this.view.state.doc);
  }

  /** At the end, or where the caret of the text field stood. */
  focus(offset = Number.POSITIVE_INFINITY) {
    let { doc } = this.view.state;
    const before = this.area.value.slice(0, offset);
    if (offset < this.area.value.length) {
      const blocks = new NoteDocument(before, decode).node.childCount;
      doc = doc.type.create(null, doc.content.content.slice(0, Math.max(blocks, 1)));
    }
    const end = Selection.atEnd(doc);
    const selection = Selection.near(
      this.view.state.doc.resolve(Math.min(end.head, this.view.state.doc.content.size)),
      -1,
    );
    this.view.dispatch(this.view.state.tr.setSelection(selection).scrollIntoView());
    this.view.focus();
  }

  remove() {
    this.area.value = this.checked;
    this.view.destroy();
    this.dom.remove();
    this.area.setAttribute("aria-label", this.name);
    this.area.hidden = false;
  }

  #state(text) {
    this.document = new NoteDocument(text, decode);
    const { node } = this.document;
    const doc = lineBelow(node) ? node.copy(node.content.addToEnd(schema.nodes.paragraph.create())) : node;
    return EditorState.create({ doc, plugins: this.plugins });
  }

  #apply(transaction) {
    this.view.updateState(this.view.state.apply(transaction));
    this.toolbar.show(this.view.state);
    if (transaction.docChanged) this.onChange();
  }

  #attributes({ doc }) {
    const empty = doc.childCount === 1 && doc.firstChild.isTextblock && !doc.firstChild.content.size;
    return {
      role: "textbox",
      "aria-multiline": "true",
      "aria-label": this.name,
      "aria-invalid": this.area.getAttribute("aria-invalid") ?? "false",
      "data-hint": empty ? this.area.placeholder || this.hint : "",
      class: "field prose rich-text",
      dir: "auto",
    };
  }

  #key(event) {
    if (event.key === "F10" && event.altKey) this.toolbar.focus();
    else if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) this.toolbar.openLink();
    else return;
    event.preventDefault();
  }
}

/** Buttons and menus in the language of the page; once. */
function parts() {
  coming ??= fetch(new URL("editor/", location.href), {
    headers: { "Accept-Language": document.documentElement.lang },
    credentials: "omit",
  })
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(`HTTP ${answer.status}`))))
    .then((html) => new DOMParser().parseFromString(html, "text/html").body)
    .catch((error) => {
      coming = undefined;
      throw error;
    });
  return coming;
}

/** The rich editor in the place of the text area of `field`, with its caret. Rejects where it cannot be had. */
export async function take(field) {
  const { area } = field;
  const words = await parts();
  // Whoever is in the middle of a word of an input method is not disturbed.
  if (field.composing)
    await new Promise((done) => area.addEventListener("compositionend", done, { once: true }));
  const writing = document.activeElement === area;
  const editor = new RichEditor(area, words, () => field.input());
  if (writing) editor.focus(area.selectionStart);
  return editor;
}
