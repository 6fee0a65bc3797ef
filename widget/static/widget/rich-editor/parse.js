// Markdown to a document of the rich editor, which remembers what each block was written as.
import { Lexer } from "marked";
import { schema } from "./schema.js";

// As the server reads Markdown (widget/notebook/markdown.py): line ends break, no HTML, no images.
const OPTIONS = { gfm: true, breaks: true };
const ENTITY = /&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[a-zA-Z][a-zA-Z\d]*);/g;
const { nodes, marks } = schema;

// Levels of quotes and lists. What is deeper takes more than its length to read; people write four or five.
const DEEP = /^(?:[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t])){20}/m;

/** Something that the editor has no form for; the block around it stays Markdown. */
class Unsupported extends Error {}

/**
 * Reads `source`. Returns `{lead, blocks}`: the blank lines it begins with, and for each block its `node`, its `raw`
 * text and the `gap` of blank lines after it; `lead` and all of those together are `source`, or null is returned.
 * `raws` gets the text of list items and table rows too. `decode` turns one HTML entity into what it stands for.
 */
export function parse(source, { raws, decode }) {
  if (DEEP.test(source)) return null;
  const reader = new Reader(raws, decode);
  const tokens = Lexer.lex(source, OPTIONS);
  let lead = "";
  const blocks = [];
  for (const token of tokens) {
    if (token.type === "space") {
      if (blocks.length) blocks.at(-1).gap += token.raw;
      else lead += token.raw;
      continue;
    }
    const raw = token.raw.replace(/\n+$/, "");
    const node = reader.block(token) ?? sourceNode(raw);
    raws.set(node, raw);
    blocks.push({ node, raw, gap: token.raw.slice(raw.length) });
  }
  const whole = lead + blocks.map(({ raw, gap }) => raw + gap).join("");
  return whole === source ? { lead, blocks } : null;
}

export function sourceNode(raw) {
  return nodes.source.create(null, raw ? schema.text(raw) : null);
}

class Reader {
  constructor(raws, decode) {
    this.raws = raws;
    this.decode = decode;
  }

  /** The node of a top-level token, or null for one that has to stay Markdown. */
  block(token) {
    try {
      const [node, more] = this.#blocks([token]);
      if (!node || more) return null;
      node.check();
      return node;
    } catch (error) {
      if (error instanceof Unsupported || error instanceof RangeError) return null;
      throw error;
    }
  }

  #blocks(tokens) {
    return tokens
      .filter(({ type }) => type !== "space" && type !== "checkbox")
      .map((token) => this.#node(token));
  }

  #node(token) {
    switch (token.type) {
      case "paragraph":
      case "text":
        return nodes.paragraph.create(null, this.#inline(token.tokens ?? [token]));
      case "heading":
        if (/\n./.test(token.text)) throw new Unsupported();
        return nodes.heading.create({ level: token.depth }, this.#inline(token.tokens));
      case "blockquote":
        return nodes.blockquote.create(null, this.#blocks(token.tokens));
      case "code":
        return nodes.code_block.create({ language: this.#text(token.lang ?? "") }, plain(codeOf(token)));
      case "hr":
        return nodes.horizontal_rule.create();
      case "list":
        return this.#list(token);
      case "table":
        return this.#table(token);
      default:
        throw new Unsupported();
    }
  }

  #list(token) {
    const items = token.items.map((item) => {
      const inside = this.#blocks(item.tokens);
      if (inside[0]?.type !== nodes.paragraph) inside.unshift(nodes.paragraph.create());
      const boxed = item.task && inside[0].content.size > 0;
      if (item.task && !boxed) throw new Unsupported();
      const node = nodes.list_item.create({ checked: boxed ? item.checked : null }, inside);
      this.raws.set(node, item.raw);
      return node;
    });
    const tight = !token.loose;
    if (!token.ordered) return nodes.bullet_list.create({ tight }, items);
    return nodes.ordered_list.create({ start: Number(token.start), tight }, items);
  }

  #table(token) {
    const lines = token.raw.replace(/\n+$/, "").split("\n");
    const cell = (type) => (column, index) => {
      const words = nodes.paragraph.create(null, this.#inline(column.tokens));
      return type.create({ align: token.align[index] }, words);
    };
    const rows = [
      token.header.map(cell(nodes.table_header)),
      ...token.rows.map((row) => row.map(cell(nodes.table_cell))),
    ];
    if (lines.length !== rows.length + 1) throw new Unsupported();
    return nodes.table.create(
      null,
      rows.map((cells, index) => {
        const row = nodes.table_row.create(null, cells);
        this.raws.set(row, index ? lines[index + 1] : `${lines[0]}\n${lines[1]}`);
        return row;
      }),
    );
  }

  #inline(tokens, around = []) {
    return tidy(tokens.flatMap((token) => this.#words(token, around)));
  }

  #words(token, around) {
    const inside = (mark) => token.tokens.flatMap((each) => this.#words(each, mark.addToSet(around)));
    switch (token.type) {
      case "text":
        // Of what stands in a block of text itself marked has not looked for marks.
        if (token.tokens) return token.tokens.flatMap((each) => this.#words(each, around));
        return text(this.#text(token.text), around);
      case "escape":
        return text(token.text, around);
      case "strong":
        return inside(marks.strong.create());
      case "em":
        return inside(marks.em.create());
      case "del":
        // One tilde is none for the server.
        if (token.raw.startsWith("~~")) return inside(marks.strike.create());
        return [
          ...text("~", around),
          ...token.tokens.flatMap((each) => this.#words(each, around)),
          ...text("~", around),
        ];
      case "codespan":
        return text(token.text, marks.code.create().addToSet(around));
      case "br":
        return [nodes.hard_break.create(null, null, around)];
      case "link":
        return this.#link(token, around, inside);
      case "image":
        return [...text("!", around), ...this.#link(token, around, inside)];
      case "checkbox":
        return [];
      default:
        throw new Unsupported();
    }
  }

  #link(token, around, inside) {
    // An address on its own is shown as it is written; the server makes it a link.
    if (token.autolink && !token.raw.startsWith("<")) return text(token.raw, around);
    const href = this.#text(token.href);
    const title = token.title ? this.#text(token.title) : null;
    // An empty link, or one inside another, which the server reads in another way.
    if (!token.tokens.length || token.tokens.some(({ type }) => type === "image" || type === "link"))
      throw new Unsupported();
    return inside(marks.link.create({ href, title }));
  }

  #text(said) {
    return said.replace(ENTITY, (entity) => this.decode(entity));
  }
}

function codeOf({ text: code, codeBlockStyle }) {
  return codeBlockStyle === "indented" ? code.replace(/\n+$/, "") : code;
}

function plain(words) {
  return words ? schema.text(words) : null;
}

function text(words, around) {
  return words ? [schema.text(words.replaceAll("\n", " "), around)] : [];
}

/** No blanks where lines begin and end, none doubled by the way a text was wrapped; neighbours of one kind are one. */
function tidy(found) {
  const kept = [];
  for (const [index, node] of found.entries()) {
    const next = found[index + 1];
    let each = node;
    if (node.isText) {
      let words = node.text;
      if (!kept.length || kept.at(-1).type === nodes.hard_break) words = words.replace(/^[ \t]+/, "");
      if (!next || next.type === nodes.hard_break) words = words.replace(/[ \t]+$/, "");
      if (!words) continue;
      each = schema.text(words, node.marks);
    }
    const last = kept.at(-1);
    if (each.isText && last?.isText && last.sameMarkup(each))
      kept[kept.length - 1] = schema.text(last.text + each.text, last.marks);
    else kept.push(each);
  }
  return kept;
}
