// Keys, and Markdown that turns into what it means while it is typed.
import { baseKeymap, chainCommands, exitCode } from "prosemirror-commands";
import { redo, undo } from "prosemirror-history";
import {
  InputRule,
  inputRules,
  textblockTypeInputRule,
  undoInputRule,
  wrappingInputRule,
} from "prosemirror-inputrules";
import { keymap } from "prosemirror-keymap";
import { liftListItem, sinkListItem, splitListItem } from "prosemirror-schema-list";
import { TextSelection } from "prosemirror-state";
import { goToNextCell, isInTable } from "prosemirror-tables";
import { around, COMMANDS } from "./commands.js";
import { ADDRESS, schema } from "./schema.js";

const { nodes, marks } = schema;

function splitItem(state, dispatch) {
  const checked = around(state, nodes.list_item)?.node.attrs.checked ?? null;
  return splitListItem(nodes.list_item, { checked: checked === null ? null : false })(state, dispatch);
}

/** Enter inside a table goes down, as in a spreadsheet, and from the last row on to what follows. */
function nextRow(state, dispatch, view) {
  if (!isInTable(state)) return false;
  const table = around(state, nodes.table);
  if (around(state, nodes.table_row).node === table.node.lastChild) {
    const after = table.pos + table.node.nodeSize;
    dispatch?.(state.tr.setSelection(TextSelection.near(state.doc.resolve(after))).scrollIntoView());
    return true;
  }
  const width = around(state, nodes.table_row).node.childCount;
  for (let step = 0; step < width; step += 1) {
    if (!goToNextCell(1)(view ? view.state : state, dispatch)) break;
  }
  return true;
}

function breakLine(state, dispatch) {
  if (isInTable(state) || !state.selection.$from.parent.type.contentMatch.matchType(nodes.hard_break))
    return false;
  dispatch?.(state.tr.replaceSelectionWith(nodes.hard_break.create()).scrollIntoView());
  return true;
}

// Ctrl+Enter saves, in whatever block.
const { "Mod-Enter": _saves, ...BASE } = baseKeymap;

export const keys = [
  keymap({
    "Mod-z": undo,
    "Mod-y": redo,
    "Shift-Mod-z": redo,
    "Mod-b": COMMANDS.strong.run,
    "Mod-i": COMMANDS.em.run,
    "Mod-e": COMMANDS.code.run,
    "Shift-Mod-x": COMMANDS.strike.run,
    "Shift-Mod-7": (...args) => COMMANDS.numbers.run(...args),
    "Shift-Mod-8": (...args) => COMMANDS.bullets.run(...args),
    "Shift-Mod-9": (...args) => COMMANDS.boxes.run(...args),
    Backspace: undoInputRule,
    Enter: chainCommands(nextRow, splitItem),
    "Shift-Enter": chainCommands(exitCode, breakLine),
    Tab: chainCommands(goToNextCell(1), sinkListItem(nodes.list_item)),
    "Shift-Tab": chainCommands(goToNextCell(-1), liftListItem(nodes.list_item)),
  }),
  keymap(BASE),
];

function markRule(pattern, type) {
  return new InputRule(pattern, (state, match, start, end) => {
    const [whole, before, words] = match;
    const from = start + before.length;
    if (state.doc.rangeHasMark(from, end, marks.code)) return null;
    const tr = state.tr;
    const sign = (whole.length - before.length - words.length - 1) / 2;
    const wordsFrom = from + Math.ceil(sign);
    tr.delete(wordsFrom + words.length, end).delete(from, wordsFrom);
    return tr.addMark(from, from + words.length, type.create()).removeStoredMark(type);
  });
}

function boxRule(state, match, start, end) {
  const checked = /x/i.test(match[1]);
  const item = around(state, nodes.list_item);
  if (item) return state.tr.setNodeMarkup(item.pos, null, { checked }).delete(start, end);
  if (!COMMANDS.boxes.run(state)) return null;
  const tr = state.tr.delete(start, end);
  const range = tr.doc.resolve(start).blockRange();
  tr.wrap(range, [{ type: nodes.bullet_list }, { type: nodes.list_item, attrs: { checked } }]);
  return tr;
}

export const rules = inputRules({
  rules: [
    textblockTypeInputRule(/^(#{1,6})\s$/, nodes.heading, (match) => ({ level: match[1].length })),
    textblockTypeInputRule(/^```([\w+#-]*)\s$/, nodes.code_block, (match) => ({ language: match[1] })),
    wrappingInputRule(/^\s*>\s$/, nodes.blockquote),
    wrappingInputRule(/^\s*[-+*]\s$/, nodes.bullet_list),
    wrappingInputRule(
      /^(\d{1,9})[.)]\s$/,
      nodes.ordered_list,
      (match) => ({ start: Number(match[1]), tight: true }),
      (match, node) => node.childCount + node.attrs.start === Number(match[1]),
    ),
    new InputRule(/^\[([ xX]?)\]\s$/, boxRule),
    new InputRule(/^(?:---|\*\*\*)$/, (state, _match, start, end) => {
      if (!COMMANDS.line.run(state) || state.selection.$from.depth > 1) return null;
      return state.tr.replaceWith(start - 1, end + 1, [
        nodes.horizontal_rule.create(),
        nodes.paragraph.create(),
      ]);
    }),
    markRule(/(^|[^*\\])\*\*([^\s*](?:[^*]*[^\s*])?)\*\*$/, marks.strong),
    markRule(/(^|[^*\\])\*([^\s*](?:[^*]*[^\s*])?)\*$/, marks.em),
    markRule(/(^|[^_\\\p{L}\p{N}])_([^\s_](?:[^_]*[^\s_])?)_$/u, marks.em),
    markRule(/(^|[^~\\])~~([^\s~](?:[^~]*[^\s~])?)~~$/, marks.strike),
    markRule(/(^|[^`\\])`([^`]+)`$/, marks.code),
    new InputRule(/\[([^[\]]+)\]\((\S+)\)$/, (state, match, start, end) => {
      if (!ADDRESS.test(match[2])) return null;
      const link = marks.link.create({ href: match[2] });
      return state.tr.replaceWith(start, end, schema.text(match[1], [link])).removeStoredMark(marks.link);
    }),
  ],
});
