// A document of the rich editor to Markdown.
import { inline } from "./inline.js";
import { childrenOf, says } from "./meaning.js";
import { schema } from "./schema.js";

const { nodes } = schema;
const WAYS = [{}, { emphasis: "_" }, { careful: true }, { emphasis: "_", careful: true }];

/**
 * Writes blocks. What stands in `raws` under an item of a list or a row of a table is written as it was, unless
 * `anew`. `reads(markdown, block)` tells whether Markdown is read as that block again.
 */
export class Writer {
  constructor({ raws = new WeakMap(), anew = false, reads = () => true } = {}) {
    Object.assign(this, { raws, anew, reads });
  }

  /** The Markdown of one block, without blank lines around it. `beside` is the sibling before it. */
  block(node, beside = null) {
    switch (node.type) {
      case nodes.heading:
        return `${"#".repeat(node.attrs.level)} ${this.#heading(node)}`.trimEnd();
      case nodes.blockquote:
        return this.blocks(node).replace(/^.*$/gm, (line) => (line ? `> ${line}` : ">"));
      case nodes.code_block:
        return fenced(node);
      case nodes.source:
        return node.textContent;
      case nodes.horizontal_rule:
        return "---";
      case nodes.bullet_list:
      case nodes.ordered_list:
        return this.#list(node, beside);
      case nodes.table:
        return this.#table(node);
      default:
        return this.#paragraph(node);
    }
  }

  /** All children of a quote or an item. */
  blocks(node, gap = "\n\n") {
    const children = childrenOf(node).filter(says);
    return children.map((child, index) => this.block(child, children[index - 1])).join(gap);
  }

  #words(node, options = {}) {
    for (const way of WAYS) {
      const text = inline(node, { ...options, ...way });
      if (text !== null && this.reads(text, node, options)) return text;
    }
    return inline(node, { ...options, emphasis: "_", mixed: true });
  }

  #paragraph(node) {
    return this.#words(node, {})
      .split("\n")
      .map((line) => begun(line.trim()))
      .filter(Boolean)
      .join("\n");
  }

  #heading(node) {
    return this.#words(node, {})
      .replace(/\s*\n\s*/g, " ")
      .trim()
      .replace(/(^|\s)(#+)$/, (_all, blank, signs) => `${blank}\\${signs}`);
  }

  #list(node, beside) {
    const other = beside?.type === node.type;
    const tight = node.attrs.tight && everyItemIsShort(node);
    const items = childrenOf(node).filter(says);
    const kept = items.map((item) => (this.anew || other ? undefined : this.raws.get(item)));
    const sign = signOf(kept.find(Boolean), node.type === nodes.ordered_list, other);
    let text = "";
    let gap = "";
    for (const [index, item] of items.entries()) {
      const marker = node.type === nodes.ordered_list ? `${node.attrs.start + index}${sign}` : sign;
      const raw = kept[index]?.replace(/\n+$/, "");
      const written = raw === undefined ? this.#item(item, marker, tight) : numbered(raw, marker);
      text += text && (gap || (tight ? "\n" : "\n\n"));
      text += written;
      // Between two that are as they were it stays as it was.
      gap = raw !== undefined && kept[index + 1] !== undefined ? kept[index].slice(raw.length) : "";
    }
    return text;
  }

  #item(item, marker, tight) {
    const { checked } = item.attrs;
    const inside = this.blocks(item, tight ? "\n" : "\n\n");
    const empty = item.firstChild.content.size === 0;
    const box = checked === null || empty ? "" : `[${checked ? "x" : " "}] `;
    const indent = " ".repeat(marker.length + 1);
    const text = (empty && item.childCount > 1 ? `\n${inside}` : box + inside).replace(
      /\n(?=[^\n])/g,
      `\n${indent}`,
    );
    return `${marker} ${text}`.replace(/^(\S+) (?=\n|$)/, "$1");
  }

  #table(node) {
    const width = Math.max(...childrenOf(node).map((row) => row.childCount));
    const rows = childrenOf(node).map((row, index) => {
      const kept = this.anew || row.childCount !== width ? undefined : this.raws.get(row);
      const head = kept?.includes("\n") ?? false;
      if (kept !== undefined && head === (index === 0)) return kept;
      const cells = Array.from({ length: width }, (_, column) => this.#cell(row.maybeChild(column)));
      const line = `| ${cells.join(" | ")} |`;
      if (index) return line;
      return `${line}\n| ${Array.from({ length: width }, (_, column) => ruled(row.maybeChild(column))).join(" | ")} |`;
    });
    return rows.join("\n");
  }

  #cell(cell) {
    return cell
      ? this.#words(cell.firstChild, { table: true })
          .replace(/\s*\n\s*/g, " ")
          .trim()
      : "";
  }
}

function ruled(cell) {
  return { left: ":--", center: ":-:", right: "--:" }[cell?.attrs.align] ?? "---";
}

/** Whether the items of a list can stand without blank lines between them. */
function everyItemIsShort(list) {
  let short = true;
  list.forEach((item) => {
    item.forEach((child, _offset, index) => {
      const nested = child.type === nodes.bullet_list || child.type === nodes.ordered_list;
      if (index && !(nested && child.attrs.tight && everyItemIsShort(child))) short = false;
    });
  });
  return short;
}

/** What the items of a list begin with, after their number: what those that stay begin with. */
function signOf(raw, ordered, other) {
  const [, sign] = raw?.match(/^\s*(?:\d+)?([-+*.)])/) ?? [];
  return sign ?? (ordered ? (other ? ")" : ".") : other ? "+" : "-");
}

/** An item as it was, with its number of now. */
function numbered(raw, marker) {
  const [, blank, number] = raw.match(/^(\s*)(\d+)/) ?? [];
  const now = marker.slice(0, -1);
  return number?.length === now.length ? blank + now + raw.slice(blank.length + number.length) : raw;
}

function fenced(node) {
  const text = node.textContent;
  const language = node.attrs.language.trim().replace(/\s*\n\s*/g, " ");
  const sign = language.includes("`") ? "~" : "`";
  const longest = Math.max(2, ...(text.match(sign === "`" ? /`+/g : /~+/g) ?? []).map((each) => each.length));
  const fence = sign.repeat(longest + 1);
  const words = language.replace(/[\\&]/g, "\\$&");
  return `${fence}${words}\n${text}${text ? "\n" : ""}${fence}`;
}

/** A line of words that does not begin like a heading, a quote, a list, a rule or a table. */
function begun(line) {
  if (
    /^(?:#{1,6}(?:\s|$)|>|[-+*](?:\s|$)|=+\s*$|-+\s*$|~{3}|(?:[-*_]\s*){3,}$|:?-[-:|\s]*$|\|[-:|\s]*-[-:|\s]*$)/.test(
      line,
    )
  ) {
    return `\\${line}`;
  }
  return line.replace(/^(\d{1,9})([.)])(?=\s|$)/, "$1\\$2");
}
