// A note while it is edited: blocks that nobody touched are written back byte for byte.
import { parse, sourceNode } from "./parse.js";
import { schema } from "./schema.js";
import { Writer } from "./write.js";

const { nodes } = schema;

export class NoteDocument {
  #raws = new WeakMap();
  #texts = new WeakMap();
  #kept = [];
  #lead = "";

  /** `decode(entity)` turns an HTML entity into what it stands for. */
  constructor(source, decode) {
    this.decode = decode;
    const found = parse(source, { raws: this.#raws, decode });
    if (found) {
      this.#lead = found.lead;
      this.#kept = found.blocks.map((block) => (this.#writes(block.node) ? block : this.#asSource(block)));
    } else if (source) {
      const node = sourceNode(source);
      this.#kept = [{ node, raw: source, gap: "" }];
    }
    this.#places = new Map(this.#kept.map(({ node }, index) => [node, index]));
    const blocks = this.#kept.map(({ node }) => node);
    this.node = nodes.doc.create(null, blocks.length ? blocks : [nodes.paragraph.create()]);
  }

  #places;

  /** The Markdown of `doc`, which came from this one by editing. Quick: for every key that is pressed. */
  text(doc) {
    return this.#written(doc, new Set(), new Set());
  }

  /** The same for keeping: read again, and where neighbours would change what a block means it is written anew. */
  checked(doc) {
    const children = childrenOf(doc).filter(hasContent);
    const [anew, bare] = [new Set(), new Set()];
    for (let round = 0; round < 3; round += 1) {
      const text = this.#written(doc, anew, bare);
      const wrong = this.#misread(text, children);
      if (!wrong.length) return text;
      for (const node of wrong) (anew.has(node) ? bare : anew).add(node);
    }
    return this.#written(doc, anew, bare);
  }

  /** Blocks that Markdown does not say as they are. */
  #misread(text, children) {
    const again = parse(text, { raws: new WeakMap(), decode: this.decode })?.blocks ?? [];
    if (again.length !== children.length) return children;
    return children.filter((child, index) =>
      child.type === nodes.source ? child.textContent !== again[index].raw : !same(child, again[index].node),
    );
  }

  #written(doc, anew, bare) {
    const children = childrenOf(doc).filter(hasContent);
    const aligned = children.length === this.#kept.length;
    let text = "";
    let before = -1;
    for (const [index, child] of children.entries()) {
      const place = this.#place(child, aligned ? index : before + 1);
      const kept = place >= 0 && !anew.has(child);
      const stands = kept ? place : aligned ? index : -1;
      if (!index) text = stands === 0 ? this.#lead : "";
      else {
        const gap = stands > 0 && before === stands - 1 ? this.#kept[before].gap : "";
        text += /\n/.test(gap) && (!anew.has(child) || /\n\n/.test(gap)) ? gap : "\n\n";
      }
      text += kept ? this.#kept[place].raw : this.#block(child, children[index - 1] ?? null, bare.has(child));
      before = stands;
    }
    const last = this.#kept.length - 1;
    return last >= 0 && before === last ? text + this.#kept[last].gap : text;
  }

  /** Where a block stood that is as it was: the same, or one that was changed back. */
  #place(child, likely) {
    const known = this.#places.get(child);
    if (known !== undefined) return known;
    return this.#kept[likely]?.node.eq(child) ? likely : -1;
  }

  #block(node, beside, anew) {
    // Of what was not touched since, a key that is pressed writes nothing again.
    const after = !anew && beside?.type !== node.type;
    const known = after && this.#texts.get(node);
    if (known) return known;
    const text = new Writer({ raws: this.#raws, anew, reads: this.#reads }).block(node, beside);
    if (after) this.#texts.set(node, text);
    return text;
  }

  #reads = (text, words, { table = false }) => {
    const whole = table ? `| ${text} |\n| --- |` : `x${text}`;
    const found = parse(whole, { raws: new WeakMap(), decode: this.decode })?.blocks ?? [];
    const read = table ? found[0]?.node.firstChild?.firstChild?.firstChild : found[0]?.node;
    if (found.length !== 1 || !read) return false;
    return same(table ? words : prefixed(words), read);
  };

  /** Whether a block, written anew, is read as what it was. */
  #writes(node) {
    if (node.type === nodes.source) return true;
    const text = new Writer({ reads: this.#reads }).block(node);
    const found = parse(text, { raws: new WeakMap(), decode: this.decode })?.blocks ?? [];
    return found.length === 1 && same(node, found[0].node);
  }

  #asSource(block) {
    const node = sourceNode(block.raw);
    this.#raws.set(node, block.raw);
    return { ...block, node };
  }
}

function prefixed(words) {
  const x = schema.text("x");
  const first = words.firstChild;
  const rest = words.content;
  if (first?.isText && !first.marks.length) {
    return words.copy(rest.replaceChild(0, schema.text(`x${first.text}`)));
  }
  return words.copy(rest.addToStart(x));
}

function childrenOf(node) {
  return Array.from({ length: node.childCount }, (_, index) => node.child(index));
}

/** Markdown has no empty paragraph. */
function hasContent(node) {
  return node.type !== nodes.paragraph || node.textContent.trim() !== "";
}

function same(a, b) {
  return settled(a).eq(settled(b));
}

/** Without what Markdown cannot say: empty paragraphs, blanks at edges, loose lists that have to be so. */
function settled(node) {
  if (node.isText || node.type === nodes.source) return node;
  if (node.isTextblock) return node;
  const children = childrenOf(node)
    .filter(
      (child, index) =>
        hasContent(child) || (index === 0 && node.type === nodes.list_item) || node.type.spec.tableRole,
    )
    .map(settled);
  const attrs = "tight" in node.attrs ? { ...node.attrs, tight: true } : node.attrs;
  return node.type.create(attrs, children, node.marks);
}
