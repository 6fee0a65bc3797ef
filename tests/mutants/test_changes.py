"""The tool itself: what it changes, what it leaves alone, and that its tables are about code that is there."""

import ast

import pytest

from tests.mutants.__main__ import TABLE, equivalent, sample
from tests.mutants.changes import changes, tree
from tests.mutants.modules import MODULES, files_of
from tests.support.emulator import ROOT

GUARD = """
LIMIT: Final = 5 * 60
CODES = ("a", "b")

def decide(x: int | None) -> bool:
    '''Words.'''
    log.info("words", x=1)
    if x is None or x > LIMIT and not left:
        raise Refusal(f"{x}", 3)
    rows.filter(a=1, b=2).exclude(c=3).update(d=4)
    try:
        return min(x + 1, LIMIT)
    except (KeyError, ValueError):
        return False
"""


def made() -> set[str]:
    return {change.after for change in changes("module.py", GUARD)}


@pytest.mark.parametrize(
    "after",
    [
        "LIMIT: Final = 10 * 60",
        "LIMIT: Final = 5 // 60",
        "CODES = ('a',)",
        "if False: ...",
        "if x is not None or (x > LIMIT and (not left)): ...",
        "if x is None or (x >= LIMIT and (not left)): ...",
        "if x is None or not left: ...",
        "if x is None or x > LIMIT: ...",
        "if x is None: ...",
        "if x is None or (x > LIMIT and left): ...",
        "rows.filter(b=2).exclude(c=3).update(d=4)",
        "rows.exclude(c=3).update(d=4)",
        "rows.filter(a=1, b=2).update(d=4)",
        "pass",
        "return max(x + 1, LIMIT)",
        "return min(x - 1, LIMIT)",
        "return min(x + 2, LIMIT)",
        "return None",
        "return True",
        "except KeyError: ...",
        "except (KeyError, ValueError): raise",
    ],
)
def test_what_is_changed(after: str) -> None:
    assert after.replace("except KeyError:", "except (KeyError,):") in made()


def test_what_is_left_alone() -> None:
    text = " ".join(change.before + change.after for change in changes("module.py", GUARD))
    assert "words" not in text.lower()
    assert "raise Refusal" not in text
    assert not [change for change in changes("module.py", GUARD) if change.before == change.after]


def test_each_is_another_module_that_compiles() -> None:
    found = changes("module.py", GUARD)
    assert len({change.id for change in found}) == len(found)
    sources = {ast.unparse(tree(GUARD, change)) for change in found}
    assert len(sources) == len(found)
    assert ast.unparse(ast.parse(GUARD)) not in sources
    for change in found:
        compile(tree(GUARD, change), "module.py", "exec")


def test_the_names_of_changes_do_not_depend_on_lines() -> None:
    moved = changes("module.py", f"# one more line\n{GUARD}")
    assert [change.id for change in moved] == [change.id for change in changes("module.py", GUARD)]


def test_the_same_seed_draws_the_same() -> None:
    modules = ["widget/access/sessions.py", "portals/outgoing/limits.py"]
    assert sample(modules, 20, seed=1) == sample(modules, 20, seed=1)
    assert sample(modules, 20, seed=1) != sample(modules, 20, seed=2)


def test_modules_and_their_tests_are_there() -> None:
    assert [name for name in MODULES if not (ROOT / name).exists()] == []
    assert [file for name in MODULES for file in files_of(name) if not (ROOT / file).exists()] == []


@pytest.mark.parametrize("room", ["widget/access", "widget/notebook", "portals/incoming/events"])
def test_no_module_of_these_rooms_is_left_out(room: str) -> None:
    found = {path.relative_to(ROOT).as_posix() for path in (ROOT / room).rglob("*.py")}
    assert {name for name in found if not name.endswith("__init__.py")} <= MODULES.keys()


def test_what_is_called_equivalent_could_still_be_changed() -> None:
    """A row of docs/mutants.md whose line is no more goes, or gets the name of the new one."""
    named = [name for name in MODULES if f"`{name}`" in TABLE.read_text()]
    possible = {change.id for name in named for change in changes(name, (ROOT / name).read_text())}
    assert equivalent().keys() - possible == set()
