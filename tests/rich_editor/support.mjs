// What the tests of the rich editor share: documents, drawn with a seed, and small changes to them.
import { decodeHTMLStrict } from "entities";
import { NoteDocument } from "../../widget/static/widget/rich-editor/document.js";
import { schema } from "../../widget/static/widget/rich-editor/schema.js";

const { nodes, marks } = schema;

export const open = (markdown) => new NoteDocument(markdown, decodeHTMLStrict);

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function drawing(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const WORDS = [
  "truck", "7:00", "a", "1.", "-", "+", "*", "**", "_", "snake_case", "`", "``", "[x]", "[", "](", "#", ">", "~~", "~",
  "|", "\\", "\\*", "&amp;", "&", "<b>", "<", "!", "https://example.com/a_b*c_d", "www.x.de/(y)", "a@b.de", "===", "---",
  "1)", "10.", "“重点”", "重点", "です。", "مرحبا", "€", "5€", "(a)", "…", "é", "🎉", "2 * 3", "C:\\temp", ":", "a|b", "***",
  "#tag", "$", "\u00a0", "__init__", "x  y", "`code`", "![i](u)", "[r]: /u", "| - |", "+1", "=", "````",
]; // biome-ignore format: a table of words

/** A document as somebody may have made it in the editor. */
export function drawn(random) {
  const some = (list) => list[Math.floor(random() * list.length)];
  const times = (most, make) => Array.from({ length: 1 + Math.floor(random() * most) }, make);
  const inline = (breaks, most = 6) => {
    const found = times(most, () => {
      if (breaks && random() < 0.08) return nodes.hard_break.create();
      let set = [];
      if (random() < 0.2) set = marks.strong.create().addToSet(set);
      if (random() < 0.2) set = marks.em.create().addToSet(set);
      if (random() < 0.1) set = marks.strike.create().addToSet(set);
      if (random() < 0.1) set = marks.code.create().addToSet(set);
      if (random() < 0.1)
        set = marks.link
          .create({ href: some(["https://x.de", "/a b", "mailto:a@b.de", "https://x.de/(a)_b"]) })
          .addToSet(set);
      return schema.text(
        random() < 0.5 ? some(WORDS) : `${some(WORDS)} ${some(WORDS)}${some(["", " "])}`,
        set,
      );
    });
    return found;
  };
  const paragraph = (breaks = true) => nodes.paragraph.create(null, inline(breaks));
  const list = (depth) => {
    const boxed = random() < 0.4;
    const items = times(3, () => {
      const more = random() < 0.25 && depth ? [block(depth - 1)] : [];
      return nodes.list_item.create({ checked: boxed ? random() < 0.5 : null }, [paragraph(false), ...more]);
    });
    if (random() < 0.5) return nodes.bullet_list.create({ tight: random() < 0.7 }, items);
    return nodes.ordered_list.create({ start: some([1, 2, 9, 99]), tight: random() < 0.7 }, items);
  };
  const table = () => {
    const width = 1 + Math.floor(random() * 3);
    const aligns = Array.from({ length: width }, () => some([null, "left", "center", "right"]));
    const row = (type) =>
      nodes.table_row.create(
        null,
        aligns.map((align) =>
          type.create({ align }, nodes.paragraph.create(null, random() < 0.2 ? [] : inline(false, 3))),
        ),
      );
    return nodes.table.create(null, [row(nodes.table_header), ...times(3, () => row(nodes.table_cell))]);
  };
  const block = (depth) => {
    const kind = random();
    if (kind < 0.4 || !depth) return paragraph();
    if (kind < 0.5) return nodes.heading.create({ level: 1 + Math.floor(random() * 6) }, inline(false, 3));
    if (kind < 0.6)
      return nodes.blockquote.create(
        null,
        times(2, () => block(depth - 1)),
      );
    if (kind < 0.68)
      return nodes.code_block.create(
        { language: some(["", "js", "c++"]) },
        schema.text(some(["a\n  b", "```\nx", "~~~", "  lead", "x"])),
      );
    if (kind < 0.85) return list(depth);
    if (kind < 0.93) return table();
    return nodes.horizontal_rule.create();
  };
  return nodes.doc.create(
    null,
    times(5, () => block(2)),
  );
}

/** The document as it is read: each text block with its kind and its words, told apart by their marks. */
export function told(doc) {
  const found = [];
  doc.descendants((node) => {
    if (!node.isTextblock) return true;
    if (node.type.spec.code) {
      found.push(["code", [[node.textContent, ""]]]);
      return false;
    }
    found.push(["words", runs(node)]);
    return false;
  });
  return found.filter(([, words]) => words.length);
}

/** Blanks at edges and the difference between them are nothing that Markdown says. */
function runs(block) {
  const letters = [];
  block.forEach((node) => {
    const shown = node.marks.filter(
      (mark) => mark.attrs.href !== node.text && mark.attrs.href !== `mailto:${node.text}`,
    );
    const names = shown
      .map((mark) => mark.type.name)
      .sort()
      .join(" ");
    for (const letter of node.isText ? node.text : "\n") letters.push([letter, names]);
  });
  const found = [];
  let blank = false;
  for (const [letter, names] of letters) {
    if (/\s/.test(letter)) {
      blank = found.length > 0;
      continue;
    }
    if (blank) found.push([" ", ""]);
    blank = false;
    found.push([letter, names]);
  }
  const joined = [];
  for (const [letter, names] of found) {
    if (joined.length && joined.at(-1)[1] === names) joined.at(-1)[0] += letter;
    else joined.push([letter, names]);
  }
  return joined;
}
