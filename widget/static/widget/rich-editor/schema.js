// What a note is made of in the rich editor: the blocks and marks that our Markdown has, and nothing else.
import { Schema } from "prosemirror-model";
import { tableNodes } from "prosemirror-tables";

/** Only addresses that the server would let through become links (widget/notebook/markdown.py). */
export const ADDRESS = /^(?:https?:|mailto:|tel:|\/|#)/i;

const ALIGNMENTS = ["left", "center", "right"];

const align = {
  default: null,
  getFromDOM: (cell) => {
    const said = cell.getAttribute("align");
    const named = ALIGNMENTS.find((each) => cell.classList.contains(`align-${each}`));
    return named ?? (ALIGNMENTS.includes(said) ? said : null);
  },
  setDOMAttr: (value, attributes) => {
    if (value) attributes.class = `align-${value}`;
  },
};

const tables = tableNodes({ tableGroup: "block", cellContent: "paragraph", cellAttributes: { align } });

function boxOf(element) {
  if (element.dataset.checked) return element.dataset.checked === "true";
  const box = element.querySelector(":scope > label > input[type=checkbox], :scope > input[type=checkbox]");
  return box ? box.checked || box.hasAttribute("checked") : null;
}

export const schema = new Schema({
  nodes: {
    doc: { content: "block+" },
    paragraph: { content: "inline*", group: "block", parseDOM: [{ tag: "p" }], toDOM: () => ["p", 0] },
    heading: {
      attrs: { level: { default: 2, validate: "number" } },
      content: "text*",
      group: "block",
      defining: true,
      parseDOM: [1, 2, 3, 4, 5, 6].map((level) => ({ tag: `h${level}`, attrs: { level } })),
      toDOM: (node) => [`h${node.attrs.level}`, 0],
    },
    blockquote: {
      content: "block+",
      group: "block",
      defining: true,
      parseDOM: [{ tag: "blockquote" }],
      toDOM: () => ["blockquote", 0],
    },
    code_block: {
      attrs: { language: { default: "", validate: "string" } },
      content: "text*",
      group: "block",
      marks: "",
      code: true,
      defining: true,
      parseDOM: [{ tag: "pre", preserveWhitespace: "full" }],
      toDOM: () => ["pre", ["code", 0]],
    },
    // Markdown that the editor cannot show otherwise: it stays as it was written, and can be edited as text.
    source: {
      content: "text*",
      group: "block",
      marks: "",
      code: true,
      defining: true,
      isolating: true,
      parseDOM: [{ tag: "pre[data-source]", preserveWhitespace: "full", priority: 60 }],
      toDOM: () => ["pre", { "data-source": "" }, ["code", 0]],
    },
    bullet_list: {
      attrs: { tight: { default: true } },
      content: "list_item+",
      group: "block",
      parseDOM: [{ tag: "ul" }],
      toDOM: () => ["ul", 0],
    },
    ordered_list: {
      attrs: { start: { default: 1, validate: "number" }, tight: { default: true } },
      content: "list_item+",
      group: "block",
      parseDOM: [
        { tag: "ol", getAttrs: (list) => ({ start: Math.min(Math.max(list.start, 0), 999_999_999) || 0 }) },
      ],
      toDOM: (node) => (node.attrs.start === 1 ? ["ol", 0] : ["ol", { start: node.attrs.start }, 0]),
    },
    // `checked` is null for an item without a box.
    list_item: {
      attrs: { checked: { default: null, validate: "boolean|null" } },
      content: "paragraph block*",
      defining: true,
      parseDOM: [{ tag: "li", getAttrs: (item) => ({ checked: boxOf(item) }) }],
      toDOM: (node) => {
        const { checked } = node.attrs;
        return checked === null ? ["li", 0] : ["li", { class: "task", "data-checked": String(checked) }, 0];
      },
    },
    horizontal_rule: { group: "block", parseDOM: [{ tag: "hr" }], toDOM: () => ["hr"] },
    ...tables,
    text: { group: "inline" },
    hard_break: {
      inline: true,
      group: "inline",
      selectable: false,
      parseDOM: [{ tag: "br" }],
      toDOM: () => ["br"],
    },
  },
  marks: {
    link: {
      attrs: { href: { validate: "string" }, title: { default: null, validate: "string|null" } },
      inclusive: false,
      parseDOM: [
        {
          tag: "a[href]",
          getAttrs: (link) => {
            const href = link.getAttribute("href");
            return ADDRESS.test(href) && { href, title: link.getAttribute("title") };
          },
        },
      ],
      // Somebody else may have written any address as Markdown.
      toDOM: ({ attrs: { href, title } }) => [
        "a",
        { href: ADDRESS.test(href) ? href : null, title, rel: "noopener noreferrer nofollow" },
        0,
      ],
    },
    strong: {
      parseDOM: [{ tag: "strong" }, { tag: "b" }],
      toDOM: () => ["strong", 0],
    },
    em: {
      parseDOM: [{ tag: "i" }, { tag: "em" }],
      toDOM: () => ["em", 0],
    },
    strike: {
      parseDOM: [{ tag: "s" }, { tag: "del" }, { tag: "strike" }],
      toDOM: () => ["s", 0],
    },
    code: { code: true, parseDOM: [{ tag: "code" }], toDOM: () => ["code", 0] },
  },
});
