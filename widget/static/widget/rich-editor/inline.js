// Words and marks to Markdown that our parser and the server's read as the same words and marks.
const SPACE = /^[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]$/u;
const ASCII_SIGN = /^[!-/:-@[-`{-~]$/;
const SIGN = /^\p{P}$/u;
const SYMBOL = /^\p{S}$/u;
// What a bare address ends before, as the parsers see it.
const ADDRESS = /(?:https?:\/\/|ftp:\/\/|www\.)[^\s<`|]*[^\s<`|?!.,:;*_'"~()&\]]/giu;
const FOLLOWED_BY_SIGN = /\\(?=[!-/:-@[-`{-~]|$)/g;
const ORDER = ["link", "strong", "em", "strike", "code"];

/**
 * The Markdown of the content of `block`. `emphasis` is the sign for emphasis, `careful` writes the letters around
 * every mark as numbers: rarely needed, where marks meet each other or punctuation in the middle of a word. Returns
 * null if one mark ends where another of the same sign begins, unless `mixed` allows it.
 */
export function inline(block, { emphasis = "*", careful = false, table = false, mixed = false } = {}) {
  const pieces = [];
  const open = [];
  const sign = { strong: "**", em: emphasis, strike: "~~" };
  const runs = withoutOuterSpace(runsOf(block));
  const close = (down) => {
    while (open.length > down) {
      const mark = open.pop();
      if (mark.type.name === "link") pieces.push({ text: linkEnd(mark) });
      else pieces.push({ sign: sign[mark.type.name], closes: true });
    }
  };
  for (const [index, run] of runs.entries()) {
    const address = ownAddress(runs, index);
    const wanted = run.marks.filter((mark) => mark.type.name !== "code" && mark !== address);
    let same = 0;
    while (same < open.length && open[same].isInSet(wanted)) same += 1;
    close(same);
    const added = wanted.filter((mark) => !open.some((each) => each.eq(mark)));
    added.sort((a, b) => reach(runs, index, b) - reach(runs, index, a) || place(a) - place(b));
    for (const mark of added) {
      open.push(mark);
      if (mark.type.name === "link") pieces.push({ text: "[" });
      else pieces.push({ sign: sign[mark.type.name] });
    }
    if (address) pieces.push({ text: `<${run.text}>` });
    else pieces.push(written(run, { table, last: index === runs.length - 1 }));
  }
  close(0);
  return joined(pieces, careful, mixed);
}

/** The link of a run that shows its own address, and nothing else. */
function ownAddress(runs, index) {
  const { text, marks, break: isBreak } = runs[index];
  const link = marks.find((mark) => mark.type.name === "link");
  if (!link || isBreak || link.attrs.title || isCode(runs[index])) return undefined;
  const alone = !link.isInSet(runs[index - 1]?.marks ?? []) && !link.isInSet(runs[index + 1]?.marks ?? []);
  const { href } = link.attrs;
  const said =
    href === text
      ? /^[a-z][a-z\d+.-]+:[^\s<>]*$/i.test(text)
      : href === `mailto:${text}` && /^[\w.+-]+@[\w.-]+$/.test(text);
  return alone && said ? link : undefined;
}

function place(mark) {
  return ORDER.indexOf(mark.type.name);
}

/** How many runs from `index` on a mark holds for. */
function reach(runs, index, mark) {
  let end = index;
  while (end < runs.length && mark.isInSet(runs[end].marks)) end += 1;
  return end;
}

function runsOf(block) {
  const runs = [];
  block.forEach((node) => {
    runs.push({ text: node.isText ? node.text : "\n", break: !node.isText, marks: [...node.marks] });
  });
  while (runs.length && runs.at(-1).break) runs.pop();
  while (runs.length && runs[0].break) runs.shift();
  return runs;
}

/** Emphasis neither begins nor ends with a blank: blanks at its edges move out. */
function withoutOuterSpace(runs) {
  let found = runs;
  for (const name of ["strong", "em", "strike"]) {
    const has = (run) => run?.marks.some((mark) => mark.type.name === name);
    const bare = (run, text) => ({
      ...run,
      text,
      marks: run.marks.filter((mark) => mark.type.name !== name),
    });
    const next = [];
    const blank = (run) => !isCode(run) && /^\s*$/.test(run.text);
    // Runs of blanks alone at an edge first, then blanks at the edges of words.
    const marked = [...found];
    for (let [from, to] = [0, 0]; from < marked.length; from = to + 1) {
      to = from;
      if (!has(marked[from])) continue;
      while (has(marked[to + 1])) to += 1;
      let [first, last] = [from, to];
      while (first <= last && blank(marked[first])) marked[first] = bare(marked[first], marked[first++].text);
      while (last >= first && blank(marked[last])) marked[last] = bare(marked[last], marked[last--].text);
    }
    for (const [index, run] of marked.entries()) {
      if (!has(run) || isCode(run) || run.break) {
        next.push(run);
        continue;
      }
      const before = has(marked[index - 1]) ? "" : run.text.match(/^\s*/)[0];
      const after = has(marked[index + 1]) ? "" : run.text.match(/\s*$/)[0];
      const words = run.text.slice(before.length, run.text.length - after.length);
      if (before) next.push(bare(run, before));
      next.push({ ...run, text: words });
      if (after) next.push(bare(run, after));
    }
    found = next;
  }
  return found;
}

function isCode(run) {
  return run.marks.some((mark) => mark.type.name === "code");
}

function written(run, { table, last }) {
  if (run.break) return { text: table ? " " : "\n" };
  const text = run.text.replaceAll("\n", " ");
  if (isCode(run)) return { text: codeSpan(table ? text.replaceAll("|", "\\|") : text) };
  const inLink = run.marks.some((mark) => mark.type.name === "link");
  const inEmphasis = run.marks.some((mark) => ["strong", "em", "strike"].includes(mark.type.name));
  return { text: escaped(text, { table, last, inEmphasis, inLink }), words: text };
}

function codeSpan(text) {
  let fence = "`";
  while (text.split(/[^`]+/).includes(fence)) fence += "`";
  const padded = /^`|`$|^ .*[^ ].* $/.test(text) ? ` ${text} ` : text;
  return fence + padded + fence;
}

/**
 * Everything that would be read as a mark in words is told apart by a backslash; addresses stay as they are, but for
 * one that what follows would be read into, or with signs that would end the emphasis around it.
 */
function escaped(text, { table, last, inEmphasis, inLink }) {
  let result = "";
  let end = 0;
  for (const found of text.matchAll(ADDRESS)) {
    // In the middle of a word it is none.
    if (/[a-z]/i.test(text[found.index - 1] ?? "")) continue;
    result += words(text.slice(end, found.index), text[end - 1], found[0][0]);
    end = found.index + found[0].length;
    const goesOn = text[end] === undefined ? !last : !/[\s.,;:!?)"']/.test(text[end]);
    const told = !inLink && /^\w+:/.test(found[0]) && (goesOn || (inEmphasis && /[*~_]/.test(found[0])));
    result += told ? `<${found[0]}>` : found[0];
  }
  result += words(text.slice(end), text[end - 1]);
  return table ? result.replaceAll("|", "\\|") : result;
}

function words(text, before = ".", after = ".") {
  return text
    .replace(FOLLOWED_BY_SIGN, "\\\\")
    .replace(/`/g, "\\`")
    .replace(/\*/g, (sign, index, all) =>
      /\s/.test(all[index - 1] ?? before) && /\s/.test(all[index + 1] ?? after) ? sign : "\\*",
    )
    .replace(/_+/g, (signs, index, all) => {
      const inside = /[\p{L}\p{N}]/u;
      const within = inside.test(all[index - 1] ?? before) && inside.test(all[index + signs.length] ?? after);
      return within && signs.length === 1 ? signs : signs.replaceAll("_", "\\_");
    })
    .replace(/~{2,}|^~|~$/g, (signs) => signs.replaceAll("~", "\\~"))
    .replace(/[[\]]/g, "\\$&")
    .replace(/<(?=[a-zA-Z/!?])/g, "\\<")
    .replace(/&(?=#?\w+;)/g, "\\&");
}

function linkEnd({ attrs: { href, title } }) {
  const encoded = href.replace(/&(?=#?\w+;)/g, "\\&").replace(/\n/g, "%0A");
  const address = /[\s()<>\\]|^$/.test(encoded) ? `<${encoded.replace(/[<>\\]/g, "\\$&")}>` : encoded;
  if (!title) return `](${address})`;
  return `](${address} "${title
    .replace(/["\\]/g, "\\$&")
    .replace(/&(?=#?\w+;)/g, "\\&")
    .replace(/\n+/g, " ")}")`;
}

/** Signs count as marks only where what stands around them lets them: elsewhere a letter beside is written as its number. */
function joined(pieces, careful, mixed) {
  const found = pieces.filter((piece) => piece.sign || piece.text);
  for (let from = 0; from < found.length; ) {
    if (!found[from].sign) {
      from += 1;
      continue;
    }
    let to = from;
    while (found[to + 1]?.sign?.[0] === found[from].sign[0]) to += 1;
    const [before, after] = [found[from - 1], found[to + 1]];
    const run = found.slice(from, to + 1);
    const [left, right] = [lastOf(before), firstOf(after)];
    // One that ends there and one that begins there: parsers do not agree about such a run.
    if (!mixed && run.some((piece) => piece.closes) && run.some((piece) => !piece.closes)) return null;
    const opens = run.some((piece) => !piece.closes);
    const closes = run.some((piece) => piece.closes);
    const underscore = found[from].sign === "_";
    if (
      opens &&
      before?.words &&
      ((isSign(right) && !edge(left)) || ((careful || underscore) && !edge(left)))
    ) {
      number(before, -1);
    }
    if (
      closes &&
      after?.words &&
      ((isSign(left) && !edge(right)) || ((careful || underscore) && !edge(right)))
    ) {
      number(after, 0);
    }
    from = to + 1;
  }
  return found.map((piece) => piece.sign ?? piece.text).join("");
}

function firstOf(piece) {
  return piece ? [...(piece.sign ?? piece.text)][0] : " ";
}

function lastOf(piece) {
  return piece ? [...(piece.sign ?? piece.text)].at(-1) : " ";
}

/** Perhaps a sign: parsers do not agree about symbols. */
function isSign(letter) {
  return ASCII_SIGN.test(letter) || SIGN.test(letter) || SYMBOL.test(letter);
}

/** Surely no letter. */
function edge(letter) {
  return SPACE.test(letter) || ASCII_SIGN.test(letter) || SIGN.test(letter);
}

function number(piece, end) {
  const letters = [...piece.text];
  const index = end < 0 ? letters.length - 1 : 0;
  letters[index] = `&#${letters[index].codePointAt(0)};`;
  piece.text = letters.join("");
}
