"""Every small wrong change of a module: what a tired programmer, or a careless merge, could leave behind.

Guards, conditions and statements that vanish, limits that are off, comparisons of the wrong side. Words, log lines,
annotations and decorators stay as they are.
"""

import ast
import copy
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

_COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
# Of two moments the sooner or the later: that both are the same microsecond nobody can arrange.
_MOMENTS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
}
_MOMENT: Final = re.compile(r"(?:.*_)?(?:at|now|time|until|ends|since|began|monotonic)")
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
}
_CALLS: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
# Methods without which the rest of a chain still means something, and whose keywords are conditions.
_DROPPED: Final = {
    "filter",
    "exclude",
    "select_for_update",
    "order_by",
    "distinct",
    "strip",
    "lower",
    "casefold",
}
_CONDITIONS: Final = {"filter", "exclude", "get", "update", "select_for_update", "Q"}
_SMALL: Final = 10
_MODULE: Final = "<module>"
_LOGS: Final = {"bound", "log", "logger", "logging"}
_COMPOUND: Final = (
    ast.If,
    ast.While,
    ast.For,
    ast.With,
    ast.ExceptHandler,
    ast.FunctionDef,
    ast.ClassDef,
)
_EXITS: Final = (ast.Raise, ast.Return, ast.Continue, ast.Break)

_Some = TypeVar("_Some", bound=ast.AST)


@dataclass(frozen=True)
class Change:
    """One change of one module; `id` stays the same as long as the statement and its function do."""

    module: str
    function: str
    line: int
    before: str
    after: str
    last: int  # line of the statement, without what stands below it
    at_import: bool
    defines: str  # by the module, and nothing but that
    number: int  # of the node
    choice: int
    id: str

    @property
    def lines(self) -> range:
        return range(self.line, self.last + 1)

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.function}: {self.before}  ->  {self.after}"


@dataclass
class _Place:
    """A node and where it stands."""

    node: ast.AST
    above: "_Place | None"
    field: str
    index: int | None

    def put(self, replacement: ast.AST) -> None:
        assert self.above is not None
        if self.index is None:
            setattr(self.above.node, self.field, replacement)
        else:
            getattr(self.above.node, self.field)[self.index] = replacement

    def ancestors(self) -> "Iterator[_Place]":
        place = self.above
        while place is not None:
            yield place
            place = place.above

    @property
    def statement(self) -> ast.AST:
        """What a reader would call the line."""
        place: _Place | None = self
        while place is not None and not isinstance(place.node, (ast.stmt, ast.ExceptHandler)):
            place = place.above
        assert place is not None
        return place.node

    @property
    def function(self) -> str:
        names = [
            place.node.name
            for place in self.ancestors()
            if isinstance(place.node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef))
        ]
        return ".".join(reversed(names)) or _MODULE

    @property
    def in_function(self) -> bool:
        return any(isinstance(place.node, ast.FunctionDef) for place in self.ancestors())


def changes(module: str, source: str) -> list[Change]:
    """All changes of `source`, in the order of its lines."""
    found: list[Change] = []
    seen: Counter[tuple[str, str, str]] = Counter()
    for number, place in enumerate(_places(ast.parse(source))):
        for choice in range(len(_alternatives(place))):
            before, after = _headline(place.statement), _headline(_changed(source, number, choice)[1])
            key = (place.function, before, after)
            if before == after:
                continue
            seen[key] += 1
            name = hashlib.sha256("\0".join((module, *key, str(seen[key]))).encode()).hexdigest()[:8]
            first, last = _extent(place.statement)
            at_import = not place.in_function or isinstance(place.statement, (ast.FunctionDef, ast.ClassDef))
            defines = "" if place.function != _MODULE else _target(place.statement)
            found.append(
                Change(
                    module,
                    place.function,
                    first,
                    before,
                    after,
                    last,
                    at_import,
                    defines,
                    number,
                    choice,
                    name,
                )
            )
    return found


def tree(source: str, change: Change) -> ast.Module:
    """The changed module."""
    return _changed(source, change.number, change.choice)[0]


def _changed(source: str, number: int, choice: int) -> tuple[ast.Module, ast.AST]:
    """The changed module, and the statement that was changed in it."""
    root = ast.parse(source)
    place = next(place for at, place in enumerate(_places(root)) if at == number)
    replacement = _alternatives(place)[choice]
    whole = place.node is place.statement
    statement = replacement if whole else place.statement
    place.put(replacement)
    return ast.fix_missing_locations(root), statement


def _target(node: ast.AST) -> str:
    """The name that a statement gives to something."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""


def _extent(node: Any) -> tuple[int, int]:
    """First and last line of a statement, without what stands below it."""
    body = getattr(node, "body", None)
    return node.lineno, max(node.lineno, body[0].lineno - 1) if body else node.end_lineno


def _headline(node: ast.AST) -> str:
    """A statement without what stands below it."""
    if isinstance(node, _COMPOUND):
        node = copy.copy(node)
        if not (isinstance(node, ast.ExceptHandler) and _reraises(node)):
            node.body = [ast.Expr(ast.Constant(...))]
        if isinstance(node, (ast.If, ast.While, ast.For)):
            node.orelse = []
    return " ".join(line.strip() for line in ast.unparse(node).splitlines())


def _reraises(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[0], ast.Raise) and handler.body[0].exc is None


def _places(root: ast.AST) -> Iterator[_Place]:
    """Every node that may be changed, from top to bottom."""
    stack = [_Place(root, None, "", None)]
    while stack:
        place = stack.pop()
        yield place
        below: list[_Place] = []
        for field, value in ast.iter_fields(place.node):
            if field in {"annotation", "returns", "decorator_list", "type_params"}:
                continue
            if isinstance(value, list):
                below += [
                    _Place(item, place, field, at)
                    for at, item in enumerate(value)
                    if isinstance(item, ast.AST) and not _is_prose(item)
                ]
            elif isinstance(value, ast.AST) and not _is_prose(value):
                below.append(_Place(value, place, field, None))
        stack.extend(reversed(below))


def _is_prose(node: ast.AST) -> bool:
    """Imports, docstrings, log lines, names of types: nothing here decides."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr)):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or _is_log(node.value)
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"cast", "TypeVar"}
    )


def _is_log(node: ast.AST) -> bool:
    while isinstance(node, (ast.Call, ast.Attribute)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id in _LOGS


def _alternatives(place: _Place) -> list[ast.AST]:
    """What could stand there instead."""
    rule = _RULES.get(type(place.node))
    return [] if place.above is None or rule is None else rule(place.node, place)


def _if(node: ast.If, _: _Place) -> list[ast.AST]:
    guard = isinstance(node.body[-1], _EXITS) and not node.orelse
    return [_but(node, test=ast.Constant(value)) for value in ([False] if guard else [False, True])]


def _expression(node: ast.Expr, _: _Place) -> list[ast.AST]:
    return [ast.Pass()] if isinstance(node.value, ast.Call) else []


def _assignment(node: ast.Assign, _: _Place) -> list[ast.AST]:
    return [ast.Pass()] if isinstance(node.targets[0], (ast.Attribute, ast.Subscript)) else []


def _raise(node: ast.Raise, place: _Place) -> list[ast.AST]:
    """Where this is all that a condition leads to, the condition is what is dropped."""
    assert place.above is not None
    body = getattr(place.above.node, place.field, None)
    alone = isinstance(place.above.node, (ast.If, ast.ExceptHandler)) and body == [node]
    return [] if alone else [ast.Pass()]


def _return(node: ast.Return, _: _Place) -> list[ast.AST]:
    return (
        [] if node.value is None or isinstance(node.value, ast.Constant) else [ast.Return(ast.Constant(None))]
    )


def _with(node: ast.With, _: _Place) -> list[ast.AST]:
    named = any(item.optional_vars for item in node.items)
    return [] if named else [ast.If(ast.Constant(True), node.body, [])]


def _handler(node: ast.ExceptHandler, _: _Place) -> list[ast.AST]:
    found: list[ast.AST] = [] if _reraises(node) else [_but(node, body=[ast.Raise()])]
    if isinstance(node.type, ast.Tuple):
        found += [_but(node, type=shorter) for shorter in _shorter(node.type, "elts")]
    return found


def _compare(node: ast.Compare, _: _Place) -> list[ast.AST]:
    others = _COMPARISONS | _MOMENTS if _is_moment(node) else _COMPARISONS
    return [_but(node, ops=[others[type(node.ops[0])](), *node.ops[1:]])]


def _boolean(node: ast.BoolOp, _: _Place) -> list[ast.AST]:
    return [_only(shorter) for shorter in _shorter(node, "values")]


def _only(node: ast.BoolOp) -> ast.AST:
    return node if len(node.values) > 1 else node.values[0]


def _not(node: ast.UnaryOp, place: _Place) -> list[ast.AST]:
    whole = place.above is not None and isinstance(place.above.node, (ast.If, ast.While))
    return [node.operand] if isinstance(node.op, ast.Not) and not whole else []


def _operation(node: ast.BinOp, _: _Place) -> list[ast.AST]:
    other = _ARITHMETIC.get(type(node.op))
    if other and _is_number(node):
        return [_but(node, op=other())]
    if isinstance(node.op, (ast.BitOr, ast.BitAnd)) and _is_condition(node):
        return [_but(node, op=ast.BitAnd() if isinstance(node.op, ast.BitOr) else ast.BitOr())]
    return []


def _constant(node: ast.Constant, place: _Place) -> list[ast.AST]:
    """Yes for no; a limit twice as high; a small number inside of a function, a step or a bound, one more."""
    assert place.above is not None
    value = node.value
    if isinstance(value, bool):
        return [] if isinstance(place.statement, ast.While) else [ast.Constant(not value)]
    if not isinstance(value, (int, float)) or isinstance(place.statement, ast.Raise):
        return []
    if isinstance(place.above.node, (ast.Subscript, ast.UnaryOp)):
        return []
    return [ast.Constant(value + 1 if not value or (place.in_function and value < _SMALL) else value * 2)]


def _collection(node: ast.Set | ast.List | ast.Tuple, place: _Place) -> list[ast.AST]:
    """A list of a module without each of its parts."""
    written = isinstance(node, ast.Set) or isinstance(node.ctx, ast.Load)
    return [*_shorter(node, "elts")] if written and not place.in_function else []


def _mapping(node: ast.Dict, place: _Place) -> list[ast.AST]:
    if place.in_function:
        return []
    return [
        _but(node, keys=_without(node.keys, at), values=_without(node.values, at))
        for at in range(len(node.keys))
    ]


def _call(node: ast.Call, _: _Place) -> list[ast.AST]:
    found: list[ast.AST] = []
    match node.func:
        case ast.Name(id=name) if name in _CALLS:
            found.append(_but(node, func=ast.Name(_CALLS[name], ast.Load())))
        case ast.Attribute(attr=name, value=value) if name in _DROPPED:
            found.append(value)
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    # Without its last condition an update stores nothing, and a filter was dropped above.
    if name in _CONDITIONS and (len(node.keywords) > 1 or name == "select_for_update"):
        found += _shorter(node, "keywords")
    return found


_RULES: Final[dict[type[ast.AST], Callable[[Any, _Place], list[ast.AST]]]] = {
    ast.If: _if,
    ast.IfExp: lambda node, _: [node.body, node.orelse],
    ast.While: lambda node, _: [_but(node, test=ast.Constant(False))],
    ast.Expr: _expression,
    ast.AugAssign: lambda node, _: [ast.Pass()],
    ast.Assign: _assignment,
    ast.Raise: _raise,
    ast.Return: _return,
    ast.With: _with,
    ast.ExceptHandler: _handler,
    ast.comprehension: lambda node, _: _shorter(node, "ifs"),
    ast.Compare: _compare,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _not,
    ast.BinOp: _operation,
    ast.Constant: _constant,
    ast.Set: _collection,
    ast.List: _collection,
    ast.Tuple: _collection,
    ast.Dict: _mapping,
    ast.Call: _call,
}


def _is_number(node: ast.BinOp) -> bool:
    """Not the joining of texts and lists."""
    return not any(
        isinstance(part, (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp))
        or (isinstance(part, ast.Constant) and isinstance(part.value, (str, bytes)))
        for part in ast.walk(node)
    )


def _is_moment(node: ast.AST) -> bool:
    names = (getattr(part, "id", None) or getattr(part, "attr", "") for part in ast.walk(node))
    return any(_MOMENT.fullmatch(str(name)) for name in names)


def _is_condition(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "Q" for part in ast.walk(node))


def _but(node: _Some, **fields: object) -> _Some:
    node = copy.copy(node)
    for name, value in fields.items():
        setattr(node, name, value)
    return node


def _without(items: list[Any], at: int) -> list[Any]:
    return items[:at] + items[at + 1 :]


def _shorter(node: _Some, field: str) -> list[_Some]:
    """`node` once without each of its parts."""
    parts = getattr(node, field)
    return [_but(node, **{field: _without(parts, at)}) for at in range(len(parts))]
