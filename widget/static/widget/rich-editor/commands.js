// What toolbar, slash menu and keys do to a document.
import { lift, setBlockType, toggleMark, wrapIn } from "prosemirror-commands";
import { liftListItem, wrapInList } from "prosemirror-schema-list";
import { TextSelection } from "prosemirror-state";
import {
  addColumnAfter,
  addRowAfter,
  deleteColumn,
  deleteRow,
  deleteTable,
  isInTable,
} from "prosemirror-tables";
import { schema } from "./schema.js";

const { nodes, marks } = schema;
const ROWS = 3;
const COLUMNS = 2;

/** The innermost ancestor of the selection that is one of `types`: `{node, pos}`, or null. */
export function around(state, ...types) {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    const node = $from.node(depth);
    if (types.includes(node.type)) return { node, pos: $from.before(depth) };
  }
  return null;
}

function list(type, boxed) {
  const box = (item) => (boxed ? (item.attrs.checked ?? false) : null);
  return {
    active: (state) => {
      const item = around(state, nodes.list_item);
      return (
        around(state, nodes.bullet_list, nodes.ordered_list)?.node.type === type &&
        (item?.node.attrs.checked !== null) === boxed
      );
    },
    run(state, dispatch, view) {
      if (isInTable(state)) return false;
      const found = around(state, nodes.bullet_list, nodes.ordered_list);
      if (this.active(state)) return liftListItem(nodes.list_item)(state, dispatch);
      if (found) {
        if (!dispatch) return true;
        const tr = state.tr.setNodeMarkup(found.pos, type, { tight: found.node.attrs.tight });
        found.node.forEach((item, offset) => {
          tr.setNodeMarkup(found.pos + 1 + offset, null, { checked: box(item) });
        });
        dispatch(tr);
        return true;
      }
      if (!setBlockType(nodes.paragraph)(state) && state.selection.$from.parent.type !== nodes.paragraph)
        return false;
      if (!dispatch) return wrapInList(type)(state);
      setBlockType(nodes.paragraph)(state, dispatch);
      const now = view ? view.state : state;
      return wrapInList(type)(now, (tr) => {
        const [from, to] = [tr.selection.from, tr.selection.to];
        if (boxed) {
          tr.doc.nodesBetween(from, to, (node, pos) => {
            if (node.type === nodes.list_item && node.attrs.checked === null)
              tr.setNodeMarkup(pos, null, { checked: false });
          });
        }
        dispatch(tr);
      });
    },
  };
}

function mark(type) {
  return {
    active: ({ selection: { from, to, empty, $from }, storedMarks, doc }) =>
      empty ? Boolean(type.isInSet(storedMarks ?? $from.marks())) : doc.rangeHasMark(from, to, type),
    run: toggleMark(type),
  };
}

function heading(level) {
  return {
    active: (state) => around(state, nodes.heading)?.node.attrs.level === level,
    run(state, dispatch) {
      const type = this.active(state) ? nodes.paragraph : nodes.heading;
      return setBlockType(type, type === nodes.heading ? { level } : null)(state, dispatch);
    },
  };
}

function insert(make) {
  return {
    active: () => false,
    run(state, dispatch) {
      if (isInTable(state) || around(state, nodes.code_block, nodes.source)) return false;
      if (!dispatch) return true;
      const node = make();
      const { $from } = state.selection;
      const empty =
        $from.parent.type === nodes.paragraph && $from.parent.content.size === 0 && $from.depth === 1;
      const pos = empty ? $from.before() : $from.after(1);
      const tr = empty ? state.tr.replaceWith(pos, $from.after(), node) : state.tr.insert(pos, node);
      const end = pos + node.nodeSize;
      if (end === tr.doc.content.size) tr.insert(end, nodes.paragraph.create());
      const inside = node.isLeaf ? end + 1 : pos + 1;
      tr.setSelection(TextSelection.near(tr.doc.resolve(inside)));
      dispatch(tr.scrollIntoView());
      return true;
    },
  };
}

function emptyTable() {
  const row = (type) =>
    nodes.table_row.create(
      null,
      Array.from({ length: COLUMNS }, () => type.create(null, nodes.paragraph.create())),
    );
  return nodes.table.create(
    null,
    Array.from({ length: ROWS }, (_, index) => row(index ? nodes.table_cell : nodes.table_header)),
  );
}

const tool = (run) => ({ active: () => false, run });

/** By name: `active(state)` and `run(state, dispatch, view)`. */
export const COMMANDS = {
  strong: mark(marks.strong),
  em: mark(marks.em),
  strike: mark(marks.strike),
  code: mark(marks.code),
  heading: heading(2),
  subheading: heading(3),
  bullets: list(nodes.bullet_list, false),
  numbers: list(nodes.ordered_list, false),
  boxes: list(nodes.bullet_list, true),
  quote: {
    active: (state) => Boolean(around(state, nodes.blockquote)),
    run(state, dispatch) {
      return this.active(state) ? lift(state, dispatch) : wrapIn(nodes.blockquote)(state, dispatch);
    },
  },
  code_block: {
    active: (state) => Boolean(around(state, nodes.code_block)),
    run(state, dispatch) {
      return setBlockType(this.active(state) ? nodes.paragraph : nodes.code_block)(state, dispatch);
    },
  },
  table: insert(emptyTable),
  line: insert(() => nodes.horizontal_rule.create()),
  row_after: tool(addRowAfter),
  column_after: tool(addColumnAfter),
  row_delete: tool(deleteRow),
  column_delete: tool(deleteColumn),
  table_delete: tool(deleteTable),
};

/** The link that the selection is in or begins with: `{href, from, to}`, or null. */
export function linkAt(state) {
  const { $from } = state.selection;
  const found = marks.link.isInSet($from.marks()) ?? marks.link.isInSet($from.nodeAfter?.marks ?? []);
  if (!found) return null;
  let [from, to] = [$from.pos, $from.pos];
  $from.parent.forEach((node, offset) => {
    const start = $from.start() + offset;
    if (found.isInSet(node.marks) && start <= $from.pos && start + node.nodeSize >= $from.pos) {
      [from, to] = [Math.min(from, start), Math.max(to, start + node.nodeSize)];
    }
  });
  return { href: found.attrs.href, from, to };
}

/** The selected words, the link around, or else the address itself becomes a link; "" takes the link away. */
export function setLink(href) {
  return (state, dispatch) => {
    const at = linkAt(state);
    const { from, to, empty } = state.selection;
    const [start, end] = empty && at ? [at.from, at.to] : [from, to];
    const tr = state.tr;
    if (!href) tr.removeMark(start, end, marks.link);
    else if (start === end) tr.replaceSelectionWith(schema.text(href, [marks.link.create({ href })]), false);
    else tr.removeMark(start, end, marks.link).addMark(start, end, marks.link.create({ href }));
    dispatch?.(tr.scrollIntoView());
    return true;
  };
}
