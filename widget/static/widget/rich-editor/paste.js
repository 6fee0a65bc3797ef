// What is pasted comes in as our blocks and marks: from Word, spreadsheets, web pages, messages, or as Markdown.
import { Fragment, Slice } from "prosemirror-model";
import { NoteDocument } from "./document.js";
import { schema } from "./schema.js";
import { Writer } from "./write.js";

const { nodes, marks } = schema;
// Characters of HTML that are read; of more than that only the text is.
const MOST_HTML = 2_000_000;
const MOST_TEXT = 100_000;
const MARKDOWN = /^(?:#{1,6} |[-*+] |\d{1,9}[.)] |> |```|---$|\|.*\|\s*$)|\*\*\S|\]\(\S|~~\S/m;

const BLOCK =
  /^(?:address|article|aside|blockquote|center|d[dlt]|div|fieldset|figure|footer|form|h[1-6r]|header|li|main|nav|ol|p|pre|section|table|ul)$/;
const STYLES = [
  [/font-weight:\s*(?:bold|[6-9]00)/, "strong"],
  [/font-style:\s*italic/, "em"],
  [/text-decoration[\w-]*:[^;]*line-through/, "s"],
];

/** HTML of another program, without what it adds for itself and with its lists and tables as ours. */
export function cleaned(html) {
  // The policy of our pages forbids styles, also where they are only read.
  const unstyled = html
    .replace(/<(\/?)style\b/gi, "<$1template")
    .replace(/<[^<>]*>/g, (tag) => tag.replace(/(\s)style(\s*=)/gi, "$1data-style$2"));
  const page = new DOMParser().parseFromString(unstyled, "text/html");
  for (const each of page.querySelectorAll("script, link, meta, title, iframe, object, template, img, svg")) {
    each.remove();
  }
  joinWordLists(page);
  for (const table of page.querySelectorAll("table")) settleTable(page, table);
  for (const each of page.querySelectorAll("[data-style]")) markStyled(page, each);
  wrapLoose(page);
  return page.body.innerHTML;
}

/** Words between paragraphs are one too: only so are the blanks among them kept. */
function wrapLoose(page) {
  let line = null;
  for (const node of [...page.body.childNodes]) {
    if (node.nodeType === Node.COMMENT_NODE) node.remove();
    else if (node.nodeType === Node.ELEMENT_NODE && BLOCK.test(node.localName)) line = null;
    else if (line) line.append(node);
    else if (node.textContent.trim()) {
      line = page.createElement("p");
      node.before(line);
      line.append(node);
    }
  }
}

function styleOf(element) {
  return element.getAttribute("data-style") ?? "";
}

/** Words that are bold, italic or struck out by their style alone. */
function markStyled(page, element) {
  const style = styleOf(element);
  element.removeAttribute("data-style");
  // What one large editor wraps whole pages in.
  if (element.localName === "b" && /font-weight:\s*normal/.test(style))
    return element.replaceWith(...element.childNodes);
  if (!["span", "font", "p", "div", "a"].includes(element.localName)) return;
  for (const [said, name] of STYLES) {
    if (!said.test(style)) continue;
    const mark = page.createElement(name);
    mark.append(...element.childNodes);
    element.append(mark);
  }
}

/** Word has no lists: paragraphs that say of themselves on which level of which list they are. */
function joinWordLists(page) {
  let lists = [];
  for (const line of page.querySelectorAll("p, h1, h2, h3, h4, h5, h6")) {
    const said = styleOf(line).match(/mso-list:\s*l\d+\s+level(\d+)/);
    if (!said) {
      lists = [];
      continue;
    }
    const level = Math.min(Number(said[1]), 9);
    const sign = line.querySelector("[data-style*='mso-list:Ignore'], [data-style*='mso-list: Ignore']");
    const kind = /^\s*\(?[\da-zA-Z]{1,4}[.)]/.test(sign?.textContent ?? "") ? "ol" : "ul";
    sign?.remove();
    const item = page.createElement("li");
    item.append(...line.childNodes);
    lists.length = Math.min(lists.length, level);
    while (lists.length < level) {
      const list = page.createElement(kind);
      const above = lists.at(-1)?.lastElementChild;
      if (above) above.append(list);
      else if (lists.length) lists.at(-1).append(page.createElement("li").appendChild(list).parentNode);
      else line.before(list);
      lists.push(list);
    }
    lists.at(-1).append(item);
    line.remove();
  }
}

/** A cell is a line of words, every row has as many, the first row is the head. */
function settleTable(page, table) {
  if (table.parentElement?.closest("table")) return;
  const rows = [...table.rows];
  const below = [];
  for (const row of rows) {
    const cells = [];
    const waiting = [...row.cells];
    while (waiting.length || below[cells.length] > 0) {
      if (below[cells.length] > 0) {
        below[cells.length] -= 1;
        cells.push(page.createElement("td"));
        continue;
      }
      const cell = waiting.shift();
      for (let column = 0; column < Math.min(cell.colSpan, 50); column += 1) {
        below[cells.length] = Math.min(cell.rowSpan, rows.length) - 1;
        cells.push(column ? page.createElement("td") : cell);
      }
    }
    row.replaceChildren(...cells);
  }
  const width = Math.max(0, ...rows.map((row) => row.cells.length));
  for (const [index, row] of rows.entries()) {
    while (row.cells.length < width) row.append(page.createElement("td"));
    for (const cell of [...row.cells]) {
      const ours = page.createElement(index ? "td" : "th");
      const align = cell.getAttribute("align") ?? styleOf(cell).match(/text-align:\s*(\w+)/)?.[1];
      if (align) ours.setAttribute("align", align);
      ours.append(...cell.childNodes);
      for (const block of ours.querySelectorAll(
        "p, div, br, li, table, tbody, tr, td, th, h1, h2, h3, h4, h5, h6, ul, ol",
      )) {
        block.replaceWith(" ", ...block.childNodes, " ");
      }
      cell.replaceWith(ours);
    }
  }
  if (!width) table.remove();
}

/** Text as Markdown if it looks like some and is not wanted `plain`, else as paragraphs. */
export function slice(text, decode, plain = false) {
  const words = text.replace(/\r\n?/g, "\n").slice(0, MOST_TEXT);
  if (!plain && MARKDOWN.test(words)) return new Slice(new NoteDocument(words, decode).node.content, 0, 0);
  const paragraphs = words.split(/\n{2,}/).map((lines) => {
    const content = lines.split("\n").flatMap((line, index) => {
      const said = line ? [schema.text(line)] : [];
      return index ? [nodes.hard_break.create(), ...said] : said;
    });
    return nodes.paragraph.create(null, content);
  });
  return new Slice(Fragment.from(paragraphs), 0, 0);
}

/** Words at either end go on those around them; lists, tables and quotes stand alone. */
function opened(content) {
  return new Slice(content, Number(content.firstChild.isTextblock), Number(content.lastChild.isTextblock));
}

const ADDRESS = /^(?:https?|mailto|tel):\S+$/i;

/** Properties of the view. */
export function pasting(decode) {
  return {
    transformPastedHTML: cleaned,
    // ProseMirror has opened everything at the ends, whatever was parsed.
    transformPasted: (pasted, _view, plain) => (plain ? opened(pasted.content) : pasted),
    clipboardTextParser: (text, _context, plain) => slice(text, decode, plain),
    clipboardTextSerializer: (copied) => {
      const written = [];
      copied.content.forEach((node) => {
        const block = node.isInline ? nodes.paragraph.create(null, node) : node;
        written.push(new Writer().block(block, null));
      });
      return written.join("\n\n");
    },
    handleDOMEvents: {
      // A file that is dropped would take the place of the page.
      drop: (_view, event) => {
        const files = event.dataTransfer?.files.length > 0;
        if (files) event.preventDefault();
        return files;
      },
      paste: (view, event) => {
        const html = event.clipboardData?.getData("text/html") ?? "";
        const text = event.clipboardData?.getData("text/plain") ?? "";
        const { from, to, empty } = view.state.selection;
        const over = view.state.doc.textBetween(from, to, "\n", "\n");
        const words =
          view.state.doc.resolve(from).parent.type.allowsMarkType(marks.link) && !ADDRESS.test(over);
        if (!empty && words && ADDRESS.test(text.trim())) {
          view.dispatch(view.state.tr.addMark(from, to, marks.link.create({ href: text.trim() })));
        } else if (html.length > MOST_HTML) view.pasteText(text.slice(0, MOST_TEXT));
        else return false;
        event.preventDefault();
        return true;
      },
    },
  };
}
