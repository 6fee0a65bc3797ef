// What nobody touched is byte for byte the same; what was touched says what was meant.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tests as commonmark } from "commonmark-spec";
import { schema } from "../../widget/static/widget/rich-editor/schema.js";
import { GFM } from "./examples.mjs";
import { drawing, drawn, open, told } from "./support.mjs";

const EXAMPLES = [...commonmark.map(({ markdown }) => markdown.replaceAll("→", "\t")), ...GFM];
const ROUNDS = Number(process.env.ROUNDS ?? 300);

test("every example of CommonMark and GFM comes back as it was", () => {
  assert.ok(commonmark.length > 640);
  for (const source of EXAMPLES) {
    const note = open(source);
    assert.equal(note.text(note.node), source);
    assert.equal(note.checked(note.node), source);
  }
});

test("so do examples one after the other, and all of them but the one that is changed", () => {
  const random = drawing(1);
  let changed = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const parts = Array.from({ length: 4 }, () =>
      EXAMPLES[Math.floor(random() * EXAMPLES.length)].trim(),
    ).filter(Boolean);
    const source = parts.join("\n\n");
    const note = open(source);
    assert.equal(note.text(note.node), source);
    const index = note.node.content.content.findIndex((node) => node.type === schema.nodes.paragraph);
    if (index < 0) continue;
    const block = note.node.child(index);
    const touched = block.copy(block.content.addToEnd(schema.text(" zzz")));
    const doc = note.node.copy(note.node.content.replaceChild(index, touched));
    const text = note.checked(doc);
    const again = open(text);
    // Blocks that mean something else beside what was changed are written anew: definitions, indented code.
    const same = (from, to) =>
      note.node.content.content
        .slice(from, to)
        .every((node, place) => again.node.child(from + place).eq(node));
    if (again.node.childCount !== note.node.childCount || !same(0, index) || !same(index + 1)) continue;
    changed += 1;
    const raws = (document) =>
      document.node.content.content.map((node) =>
        document.text(document.node.type.create(null, [node])).trim(),
      );
    const [before, after] = [raws(note), raws(again)];
    before.splice(index, 1);
    after.splice(index, 1);
    assert.deepEqual(after, before);
  }
  assert.ok(changed > ROUNDS / 2, `only ${changed} of ${ROUNDS} could be told`);
});

test("a change that is taken back leaves nothing", () => {
  for (const source of EXAMPLES) {
    const note = open(source);
    const [first] = note.node.content.content;
    if (!first?.isTextblock) continue;
    const touched = note.node.copy(
      note.node.content.replaceChild(
        0,
        first.copy(first.content.addToEnd(schema.text("z", first.lastChild?.marks))),
      ),
    );
    const [other] = touched.content.content;
    const back = touched.copy(
      touched.content.replaceChild(0, other.copy(other.content.cut(0, first.content.size))),
    );
    assert.equal(note.checked(back), source);
  }
});

test("an item, a box and a row are changed alone", () => {
  const source = "* one   \n* two\n\n  more\n* three";
  const list = open(source);
  const item = list.node.firstChild.lastChild;
  const words = schema.nodes.paragraph.create(null, schema.text("30"));
  const doc = (note, index, node) =>
    note.node.copy(
      note.node.content.replaceChild(
        0,
        note.node.firstChild.copy(note.node.firstChild.content.replaceChild(index, node)),
      ),
    );
  assert.match(
    list.checked(doc(list, 2, item.copy(item.content.replaceChild(0, words)))),
    /^\* one {3}\n\* two\n\n {2}more\n\n\* 30$/,
  );

  const table = open("|a|b|\n|-|-|\n|1|2|\n|3|4|");
  const row = table.node.firstChild.lastChild;
  const cell = row.firstChild.copy(row.firstChild.content.replaceChild(0, words));
  assert.equal(
    table.checked(doc(table, 2, row.copy(row.content.replaceChild(0, cell)))),
    "|a|b|\n|-|-|\n|1|2|\n| 30 | 4 |",
  );
});

const LONG_AGO = "*  one\n*  two\n\nSetext\n------\n\n__x__";
const { nodes, marks } = schema;
const box = (...content) =>
  nodes.bullet_list.create(
    null,
    nodes.list_item.create({ checked: false }, nodes.paragraph.create(null, content)),
  );

test("a box without words and a blank paragraph leave the rest as it was", () => {
  for (const added of [box(), nodes.paragraph.create(), nodes.paragraph.create(null, schema.text(" "))]) {
    for (const place of [0, 1, 3]) {
      const note = open(LONG_AGO);
      const children = [...note.node.content.content];
      children.splice(place, 0, added);
      assert.equal(note.checked(nodes.doc.create(null, children)), LONG_AGO);
    }
  }
});

test("blanks at the end of what was typed leave the rest as it was", () => {
  const bold = [marks.strong.create()];
  const typed = [
    [[schema.text("new ")], "new"],
    [[schema.text("all "), schema.text("bold ", bold)], "all **bold**"],
    [[schema.text("so ", [marks.em.create()]), schema.text("it is")], "*so* it is"],
    [[schema.text("line"), nodes.hard_break.create()], "line"],
  ];
  for (const [content, text] of typed) {
    const note = open(LONG_AGO);
    const [list, ...rest] = note.node.content.content;
    const item = nodes.list_item.create(null, nodes.paragraph.create(null, content));
    const longer = list.copy(list.content.addToEnd(item));
    assert.equal(
      note.checked(nodes.doc.create(null, [longer, ...rest])),
      LONG_AGO.replace("*  two", `*  two\n* ${text}`),
    );
  }
});

test("what is made in the editor is read as it was made", () => {
  let wrong = 0;
  for (let seed = 1; seed <= ROUNDS; seed += 1) {
    const doc = drawn(drawing(seed));
    const again = open(open("").checked(doc)).node;
    const words = (each) => told(each).map(([, runs]) => runs.map(([text]) => text).join(""));
    // Where signs of all kinds meet without a blank a few lose their form; the letters are there.
    if (JSON.stringify(words(doc)) !== JSON.stringify(words(again))) wrong += 1;
  }
  assert.ok(wrong <= ROUNDS * 0.15, `${wrong} of ${ROUNDS}`);
});
