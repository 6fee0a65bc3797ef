"""The dashboard and the alert rules of deploy/ ask for what the application exposes, and for nothing else."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import promql_parser as promql
import pytest
import yaml

from portals.bitrix24 import codes
from portals.incoming.events import registry
from portals.incoming.events.inbox import Receipt
from portals.infrastructure import heartbeats
from portals.models import Portal, PortalEvent
from portals.refusals import EXPLANATIONS
from tests.support.day import live
from tests.support.emulator import ROOT
from tests.support.events import Events
from tests.support.exposed import from_zero, labels_of, scrape
from tests.support.opens import Opens
from widget.access import ProofSource

DASHBOARD = ROOT / "deploy/grafana/dashboard.json"
ALERTS = ROOT / "deploy/prometheus/alerts.yml"
RUNBOOK = ROOT / "docs/operations/monitoring.md"
# Made by Prometheus itself.
OF_PROMETHEUS = {"up": {"job": {"chat-notebook"}, "instance": set()}}
# Values that a day without them does not show, from where they are declared.
DECLARED: dict[str, set[str]] = {
    "reason": set(EXPLANATIONS) | {"installed"},
    "outcome": {
        *ProofSource,
        "failed",
        "refused",
        "served",
        "refreshed",
        *PortalEvent.Status.values,
        "postponed",
    },
    "code": set(codes.KNOWN),
    "status": set(Portal.Status.values),
    "new": set(Portal.Status.values),
    "old": set(Portal.Status.values),
    "check": {"database", "cache", "broker", "migrations", *heartbeats.names()},
    "target": {"oauth", "portal"},
    "page": {"widget", "install", "application"},
    "event": set(registry.bound_codes()),
    "receipt": set(Receipt),
    "route": {"static", "healthz", "readyz", "metrics"},
}


@dataclass(frozen=True)
class Asked:
    """A selector of an expression: metric, label, the values it names."""

    metric: str
    label: str
    values: frozenset[str]


@cache
def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


@cache
def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def targets() -> list[tuple[str, str, str]]:
    """Expressions of the dashboard with title and legend of their panels."""
    return [
        (panel["title"], target["expr"].replace("$__rate_interval", "5m"), target["legendFormat"])
        for panel in dashboard()["panels"]
        for target in panel.get("targets", [])
    ]


def walk(node: object) -> Iterator[Any]:
    """Every part of a parsed expression."""
    yield node
    for name in ("lhs", "rhs", "expr", "param", "vector_selector", "vs", "args"):
        part = getattr(node, name, None)
        for child in part if isinstance(part, list) else [part]:
            if child is not None:
                yield from walk(child)


def asked(expr: str) -> Iterator[Asked]:
    """What an expression selects."""
    for node in walk(promql.parse(expr)):
        if isinstance(node, promql.VectorSelector):
            yield Asked(str(node.name), "__name__", frozenset())
            for matcher in node.matchers.matchers:
                yield Asked(str(node.name), matcher.name, frozenset(named(matcher)))


def named(matcher: Any) -> set[str]:
    """The values that a matcher spells out; of a regular expression with anything but | none."""
    if matcher.op in (promql.MatchOp.Equal, promql.MatchOp.NotEqual):
        return {matcher.value}
    return set(matcher.value.split("|")) if re.fullmatch(r"[\w|]+", matcher.value) else set()


def grouped(expr: str) -> set[str]:
    """The labels that an expression groups by."""
    found: set[str] = set()
    for node in walk(promql.parse(expr)):
        modifier = node.modifier if isinstance(node, promql.AggregateExpr) else None
        if modifier is not None and modifier.type == promql.AggModifierType.By:
            found |= set(modifier.labels)
    return found


def missing(expr: str, exposed: dict[str, dict[str, set[str]]]) -> list[str]:
    """Whatever an expression asks for that does not exist."""
    problems = []
    for item in asked(expr):
        known = (exposed | OF_PROMETHEUS).get(item.metric)
        if known is None:
            problems.append(f"no metric {item.metric}")
        elif item.label != "__name__" and item.label not in known:
            problems.append(f"{item.metric} has no label {item.label}")
        elif unknown := item.values - known.get(item.label, set()) - DECLARED.get(item.label, set()):
            problems.append(f"{item.metric}: {item.label} is never {sorted(unknown)}")
    metrics = {item.metric for item in asked(expr)}
    labels = {label for metric in metrics for label in (exposed | OF_PROMETHEUS).get(metric, {})}
    return problems + [f"nothing has a label {label}" for label in grouped(expr) - labels]


@pytest.fixture
def exposed(opens: Opens, events: Events) -> dict[str, dict[str, set[str]]]:
    """Names, labels and values of ``/metrics`` after a day."""
    from_zero()
    for name in heartbeats.names():
        heartbeats._given.pop(name, None)
        heartbeats.give(name)
    live(opens, events)
    return labels_of(scrape(opens.client))


@pytest.mark.django_db
def test_everything_that_is_asked_for_exists(exposed: dict[str, dict[str, set[str]]]) -> None:
    expressions = [expr for _, expr, _ in targets()] + [rule["expr"] for rule in rules()]
    assert len(expressions) > 30

    problems = {expr: found for expr in expressions if (found := missing(expr, exposed))}

    assert problems == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("expr", "problem"),
    [
        ("rate(chat_notebook_openings_total[5m])", "no metric chat_notebook_openings_total"),
        (
            'sum(rate(chat_notebook_opens_total{portal="x"}[5m]))',
            "chat_notebook_opens_total has no label portal",
        ),
        (
            'chat_notebook_opens_total{outcome=~"warm|hot"} / vector(2)',
            "chat_notebook_opens_total: outcome is never ['hot']",
        ),
        ("sum by (portal) (chat_notebook_portals) > 3", "nothing has a label portal"),
    ],
)
def test_what_does_not_exist_is_noticed(
    exposed: dict[str, dict[str, set[str]]], expr: str, problem: str
) -> None:
    assert missing(expr, exposed) == [problem]


@pytest.mark.django_db
def test_everything_that_is_exposed_is_shown_and_explained(exposed: dict[str, dict[str, set[str]]]) -> None:
    expressions = [expr for _, expr, _ in targets()] + [rule["expr"] for rule in rules()]
    shown = {re.sub("_(bucket|sum|count)$", "", item.metric) for expr in expressions for item in asked(expr)}
    names = {re.sub("_(bucket|sum|count)$", "", name) for name in exposed}
    assert names - shown == set()
    text = RUNBOOK.read_text()
    assert {name for name in names if name.removesuffix("_total") not in text} == set()


def test_the_dashboard_can_be_imported() -> None:
    board = dashboard()
    assert board["uid"]
    assert board["title"] == "Chat Notebook"
    assert "id" not in board  # Grafana gives one
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource"]
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    rows = [panel["title"] for panel in panels if panel["type"] == "row"]
    assert {"Opens", "Tokens", "Events", "Portals", "Outbound"} <= set(rows)
    assert all(t["datasource"]["uid"] == "${datasource}" for p in panels for t in p.get("targets", []))


@pytest.mark.parametrize(("title", "expr", "legend"), targets())
def test_a_legend_names_labels_that_its_expression_keeps(title: str, expr: str, legend: str) -> None:
    assert set(re.findall(r"{{(\w+)}}", legend)) <= grouped(expr), title


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"]
    page, _, rest = rule["annotations"]["runbook"].partition("#")
    anchor, _, advice = rest.partition(": ")
    assert (ROOT / page) == RUNBOOK
    assert anchor == rule["alert"].lower()
    assert f"### {rule['alert']}\n" in RUNBOOK.read_text()
    assert advice
