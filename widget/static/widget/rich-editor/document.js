// A note while it is edited: blocks that nobody touched are written back byte for byte.
import { childrenOf, same, says } from "./meaning.js";
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
    const [anew, bare] = [new Set(), new Set()];
    let text = this.#written(doc, anew, bare);
    // Once each for its words, and for the items and rows of it that were to stay.
    for (let round = 0; round < 2; round += 1) {
      for (const node of this.#misread(text, doc)) (anew.has(node) ? bare : anew).add(node);
      text = this.#written(doc, anew, bare);
    }
    return text;
  }

  /** Blocks that Markdown does not say as they are. */
  #misread(text, doc) {
    const children = childrenOf(doc).filter(says);
    const again = parse(text, { raws: new WeakMap(), decode: this.decode })?.blocks ?? [];
    const isRead = (index, found) =>
      children[index].type === nodes.source
        ? children[index].textContent === found.raw
        : same(children[index], found.node);
    if (again.length === children.length)
      return children.filter((_child, index) => !isRead(index, again[index]));
    // Some became one, or one became some: those between what is read well from the beginning and from the end.
    const most = Math.min(again.length, children.length);
    let [first, last] = [0, 0];
    while (first < most && isRead(first, again[first])) first += 1;
    while (last < most - first && isRead(children.length - 1 - last, again.at(-1 - last))) last += 1;
    return children.slice(Math.max(first - 1, 0), children.length - last + 1);
  }

  #written(doc, anew, bare) {
    const children = childrenOf(doc).filter(says);
    const aligned = children.length === this.#kept.length;
    let text = "";
    let before = -1;
    let unchanged = false;
    for (const [index, child] of children.entries()) {
      const place = this.#place(child, aligned ? index : before + 1);
      const kept = place >= 0 && !anew.has(child);
      const stands = kept ? place : aligned ? index : -1;
      if (!index) text = stands === 0 ? this.#lead : "";
      else {
        const beside = stands > 0 && before === stands - 1;
        const gap = beside ? this.#kept[before].gap : "";
        // Between two that nobody has touched it is as it was, whatever that is.
        const exact = beside && kept && unchanged;
        const apart = /\n/.test(gap) && (!anew.has(child) || /\n\n/.test(gap));
        text += exact || apart ? gap : "\n\n";
      }
      text += kept ? this.#kept[place].raw : this.#block(child, children[index - 1] ?? null, bare.has(child));
      before = stands;
      unchanged = kept;
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
    if (!says(node)) return false;
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
