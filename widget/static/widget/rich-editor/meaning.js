// What Markdown can say of a document: two that are equal in that are the same note.
import { schema } from "./schema.js";

const { nodes } = schema;

export function childrenOf(node) {
  return Array.from({ length: node.childCount }, (_, index) => node.child(index));
}

function isBlank(node) {
  return node.textContent.trim() === "";
}

/** Whether there is Markdown for a block at all: none for a blank paragraph, or for a box without words. */
export function says(node) {
  switch (node.type) {
    case nodes.paragraph:
      return !isBlank(node);
    case nodes.list_item:
      return node.attrs.checked === null || node.childCount > 1 || !isBlank(node.firstChild);
    case nodes.bullet_list:
    case nodes.ordered_list:
    case nodes.blockquote:
      return childrenOf(node).some(says);
    default:
      return true;
  }
}

export function same(a, b) {
  return JSON.stringify(meaning(a)) === JSON.stringify(meaning(b));
}

/**
 * A value that can be compared. Blanks count as one and have no marks, lists are as loose as they have to be, a
 * column is aligned by its head.
 */
function meaning(node) {
  if (node.type.spec.code) return [node.type.name, node.attrs, node.textContent];
  if (node.isTextblock) return [node.type.name, node.attrs, words(node)];
  const { tight: _looseness, ...attrs } = node.attrs;
  if (node.type === nodes.table)
    return childrenOf(node).map((row, index) =>
      childrenOf(row).map((cell) => [index ? null : cell.attrs.align, words(cell.firstChild)]),
    );
  if (node.type !== nodes.list_item)
    return [node.type.name, attrs, childrenOf(node).filter(says).map(meaning)];
  const [first, ...rest] = childrenOf(node);
  return [isBlank(first) ? null : attrs.checked, words(first), rest.filter(says).map(meaning)];
}

/** Each letter with its marks. */
function words(block) {
  const found = [];
  let blank = "";
  block.forEach((node) => {
    const marks = node.marks.map((mark) => [mark.type.name, mark.attrs]);
    for (const letter of node.isText ? node.text : "\n") {
      if (/\s/.test(letter)) blank = blank === "\n" || !node.isText ? "\n" : " ";
      else {
        if (blank && found.length) found.push(blank);
        blank = "";
        found.push([letter, marks]);
      }
    }
  });
  return found;
}
