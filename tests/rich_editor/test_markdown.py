"""The rich editor's Markdown: exact where nobody touched it, and read by the server as it was meant."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from markdown_it.token import Token

from tests.support.emulator import ROOT
from widget.notebook import markdown

HERE = ROOT / "tests/rich_editor"
SEEDS = 300
MARKS = {"strong_open": "strong", "em_open": "em", "s_open": "strike", "link_open": "link"}
Run = list[str]


def node(*arguments: str) -> str:
    command = [shutil.which("node") or "node", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_what_nobody_touched_is_the_same() -> None:
    assert "# fail 0" in node("--test", "--test-reporter=tap", f"{HERE}/exact.test.mjs")


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    """Documents as somebody may have made them in the editor: what was meant, and the Markdown that was written."""
    found: list[dict[str, Any]] = json.loads(node(f"{HERE}/write.mjs", str(SEEDS)))
    assert len(found) == SEEDS
    return found


def test_the_server_reads_every_letter(documents: list[dict[str, Any]]) -> None:
    """But for signs beside a bare address, which belong to it for one reader and not for the other."""
    wrong = [
        each["markdown"] for each in documents if letters(each["told"]) != letters(told(each["markdown"]))
    ]
    assert len(wrong) <= SEEDS * 0.01, wrong[0]


def test_the_server_reads_the_same_marks(documents: list[dict[str, Any]]) -> None:
    """But for a few where signs of all kinds meet without a blank between them."""
    wrong = [each["markdown"] for each in documents if each["told"] != told(each["markdown"])]
    assert len(wrong) <= SEEDS * 0.02, wrong[0]


def letters(blocks: list[list[Any]]) -> list[str]:
    return ["".join(text for text, _ in runs) for _, runs in blocks]


def told(text: str) -> list[list[Any]]:
    """As `told` of support.mjs: blocks of words with their marks."""
    found: list[list[Any]] = []
    for token in markdown._parser().parse(text):
        if token.type == "inline":
            found.append(["words", runs(token)])
        elif token.type in ("fence", "code_block"):
            found.append(["code", [[token.content.removesuffix("\n"), ""]]])
    return [block for block in found if block[1]]


def runs(block: Token) -> list[Run]:
    found: list[Run] = []
    blank = False
    for letter, names in marked(block.children or []):
        if letter.isspace() or letter == "\ufeff":
            blank = bool(found)
            continue
        if blank:
            add(found, " ", "")
        blank = False
        add(found, letter, names)
    return found


def add(found: list[Run], letter: str, names: str) -> None:
    if found and found[-1][1] == names:
        found[-1][0] += letter
    else:
        found.append([letter, names])


def marked(tokens: list[Token]) -> Iterator[tuple[str, str]]:
    """Each letter with the marks it stands under."""
    under: list[str] = []
    for index, token in enumerate(tokens):
        if token.type in MARKS:
            bare = token.markup in ("linkify", "autolink") or tokens[index + 1].content == token.attrs.get(
                "href"
            )
            under.append("" if token.type == "link_open" and bare else MARKS[token.type])
        elif token.nesting < 0:
            under.pop()
        elif token.type in ("softbreak", "hardbreak"):
            yield "\n", ""
        elif token.type != "html_inline":
            names = {name for name in under if name} | ({"code"} if token.type == "code_inline" else set())
            yield from ((letter, " ".join(sorted(names))) for letter in token.content)
