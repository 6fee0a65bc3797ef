"""Markdown that is written to cost much: a corpus of every kind known, and strategies that mix them."""

from typing import Final

from hypothesis import strategies as st

from widget.notebook.bounds import TEXT


def fill(unit: str, head: str = "", size: int = TEXT) -> str:
    """``head``, then ``unit`` again and again, to the last character of a note."""
    return (head + unit * (size // len(unit) + 1))[:size]


def table(columns: int, size: int = TEXT) -> str:
    """Rows of one cell under a wide head: the parser fills up all the others."""
    return fill("x\n", "a|" * columns + "\n" + "-|" * columns + "\n", size)


# What repeated makes a parser work, or its output grow.
UNITS: Final = (
    "[a](/b)", "[a](/b 'c')", "[](é)", "[](\U0001f600)", "![a](b)", "[", "]", "![", "[a](", "](b)",
    "[a\n", "[a]: b 'c\n", "[a] ", "[a]", "*a*", "**a**", "~~a~~", "*a ", "a* ", "*a_ ", "**a *b ",
    "~~a ", "*", "_", "~", "`", "`a`", "``a` ", "<http://a>", "<a@b.c>", "http://a.b ", "://", "//",
    "a.com ", "a@b.co ", "www.a.bc ", "mailto:a@b.c ", "http://é.b ", "&amp;", "&quot;", "&#x41;", "&",
    "<", ">", '"', "'", "\\", "\\*", "<a>", "<!--", "<![CDATA[", "<?", "</", "- [ ] a\n",
    "- [x] a\n  - [ ] b\n", "- [ ]a\n", "[ ] ", "- ", "> ", "> - ", " >", "-\n*\n", "- a\n* a\n",
    "1. a\n1) a\n", "1. ", "#\n", "###### a\n", "a\n=\n", "---\n\n", ">\n\n", "> a\nb\n", "```\n```\n",
    "~~~", "    a\n\n", "\ta\n", "a\n", "\n", "a  \n", "a|b\n-|-\n\n", "|", "|a", "-|", ":-:|", "a|\n",
    "\u0301", "\u0315\u0300", "\ufdfa", "\u200b", "İ", "한", "\U0001f1e9", "a",
)  # fmt: skip
CORPUS: Final = {
    "references": "[a]: /" + "a" * 9_900 + "\n\n" + "[a] " * 2_500,
    "references with titles": "[a]: /a '" + "t" * 9_900 + "'\n\n" + "[a] " * 2_500,
    "references by name": "[a]: /" + "a" * 9_900 + "\n\n" + "[b][a]" * 1_600,
    "definitions": "".join(f"[{number}]: /x\n" for number in range(1_900)),
    **{f"table of {columns} columns": table(columns) for columns in (50, 100, 250, 1_000, 2_400, 4_900)},
    "quotes": "> " * 9_999 + "x",
    "lists": "- " * 9_999 + "x",
    "lists of lists": "".join("  " * depth + "- a\n" for depth in range(140)),
    "emphasis in emphasis": "*a " * 3_300 + "b* " * 3_300,
    "links in links": "[" * 5_000 + "a" + "](b)" * 3_700,
    "ticks of every length": "".join("`" * length + " " for length in range(1, 199)),
    "addresses up to the limit": ("://" + "a" * 97) * 199,
    "links up to the limit": "http://a.example " * 199,
    "one long address": "[a](/" + "é" * 19_900 + ")",
    "boxes behind addresses": "- [ ] a\n\n" + "://" * 6_600,
    "spaces": " " * 9_999 + "a" + " " * 9_999,
    **{f"repeated {unit!r}": fill(unit) for unit in UNITS},
}

_units = st.sampled_from(UNITS) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4)
_sizes = st.sampled_from([100, 1_000, 4_000, TEXT])


@st.composite
def pathological(draw: st.DrawFn) -> str:
    """A few kinds, each repeated, after one another or interleaved, and as much of it as a note may hold."""
    size = draw(_sizes)
    kinds = draw(st.lists(_units, min_size=1, max_size=4))
    if draw(st.booleans()):
        return fill(
            "".join(kinds),
            draw(st.sampled_from(["", "[a]: /" + "b" * (size // 2) + "\n\n", "> ", "- "])),
            size,
        )
    if draw(st.integers(0, 9)) == 0:
        return table(draw(st.integers(2, size // 4)), size)
    return "".join(fill(kind, size=size // len(kinds)) for kind in kinds)


def altered(text: str) -> st.SearchStrategy[str]:
    """Another version of ``text``: backwards, cut, doubled, words changed."""
    words = text.split(" ")
    return st.sampled_from([
        text[::-1], " ".join(reversed(words)), text[len(text) // 2:] + text[:len(text) // 2],
        text.replace("a", "b"), text.replace(" ", "\n"), "x" + text[:-1], "",
    ])  # fmt: skip
