"""The start page: the overview's numbers as charts, each with a link into the list behind it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from portals.models import Portal
from portals.operations.appearance import waited
from portals.operations.overview import DAYS_OF_ERRORS, Overview, overview

VIEW: Final = "portals.view_portal"
_TONES = {
    "active": "good",
    "blocked": "bad",
    "new": "calm",
    "deleted": "calm",
    "fresh": "good",
    "due": "warn",
    "failing": "warn",
    "dead": "bad",
}
_COLOURS = ("#2563eb", "#dc2626", "#d97706", "#7c3aed", "#0d9488", "#db2777")
_GREY = "#94a3b8"
_MOST_CODES = len(_COLOURS)
_MOST_REASONS = 8


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is a link; ``share`` is a percentage of its card."""

    name: str
    value: str
    url: str
    tone: str = "calm"
    share: float = 0.0


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What unfold's start page is rendered with."""
    if not request.user.has_perm(VIEW):
        return context
    numbers = overview()
    context["title"] = "Overview"
    context["board"] = {
        "at": datetime.fromisoformat(numbers["at"]),
        "statuses": _statuses(numbers),
        "portals": f"{_installed(numbers):,}",
        "reasons": _reasons(numbers),
        "tokens": _shares(numbers["tokens"], "portaltoken", "state"),
        "living_tokens": f"{sum(numbers['tokens'].values()) - numbers['tokens']['dead']:,}",
        "waiting": _waiting(numbers),
        "lag": waited(max(numbers["tokens_due"]["lag"], numbers["events_due"]["lag"])),
        "error_rate": _percent(_errors(numbers["calls"], -1), _all(numbers["calls"], -1)),
        "errors_url": _list("apicall", code="any"),
        "codes": _codes(numbers),
        "movements": _movements(numbers),
        "installs": f"{sum(numbers['installs']):,}",
        "installs_url": _list("portaltransition", change="installed"),
        "uninstalls": f"{sum(numbers['uninstalls']):,}",
        "uninstalls_url": _list("portaltransition", change="uninstalled"),
        "opens": _chart(numbers["days"], [("Opens", numbers["opens"], _COLOURS[0])]),
        "opens_today": f"{numbers['opens'][-1]:,}",
        "never_opened_url": _list("portal", trouble="never_opened"),
        "errors": _errors_chart(numbers),
    }
    return context


def _list(model: str, **parameters: str) -> str:
    return f"{reverse(f'admin:portals_{model}_changelist')}?{urlencode(parameters)}"


def _statuses(numbers: Overview) -> list[Number]:
    counts = dict.fromkeys(Portal.Status.values, 0)
    for row in numbers["statuses"]:
        counts[row["status"]] += row["count"]
    return _shares(
        {name: counts[name] for name in ("active", "blocked", "new", "deleted")}, "portal", "status__exact"
    )


def _installed(numbers: Overview) -> int:
    gone = (Portal.Status.DELETED, Portal.Status.NEW)
    return sum(row["count"] for row in numbers["statuses"] if row["status"] not in gone)


def _reasons(numbers: Overview) -> list[Number]:
    blocked = [row for row in numbers["statuses"] if row["status"] == Portal.Status.BLOCKED]
    blocked.sort(key=lambda row: -row["count"])
    return [
        Number(
            row["reason"],
            f"{row['count']:,}",
            _list("portal", status__exact=Portal.Status.BLOCKED, reason=row["reason"]),
            "bad",
        )
        for row in blocked[:_MOST_REASONS]
    ]


def _shares(counts: dict[str, int], model: str, parameter: str) -> list[Number]:
    total = sum(counts.values()) or 1
    return [
        Number(
            name, f"{count:,}", _list(model, **{parameter: name}), _TONES[name], round(100 * count / total, 2)
        )
        for name, count in counts.items()
    ]


def _waiting(numbers: Overview) -> list[Number]:
    due, events = numbers["tokens_due"], numbers["events_due"]
    broker = [
        Number(f"messages in {name}", "no answer" if count is None else f"{count:,}", "")
        for name, count in numbers["queues"].items()
    ]
    return [
        Number("tokens due", f"{due['count']:,} · {waited(due['lag'])}", _list("portaltoken", state="due")),
        Number(
            "events due", f"{events['count']:,} · {waited(events['lag'])}", _list("portalevent", due="yes")
        ),
        Number(
            "events failed", f"{numbers['events_failed']:,}", _list("portalevent", status__exact="failed")
        ),
        *broker,
    ]


def _all(calls: dict[str, list[int]], day: int) -> int:
    return sum(values[day] for values in calls.values())


def _errors(calls: dict[str, list[int]], day: int) -> int:
    return sum(values[day] for code, values in calls.items() if code)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2g} %" if whole else "0 %"


def _worst(calls: dict[str, list[int]]) -> list[str]:
    return sorted((code for code in calls if code), key=lambda code: -sum(calls[code]))


def _codes(numbers: Overview) -> list[Number]:
    """Today's and the week's errors by code, with their share of all calls of the week."""
    calls = numbers["calls"]
    total = sum(_all(calls, day) for day in range(DAYS_OF_ERRORS))
    return [
        Number(
            code,
            f"{calls[code][-1]:,} · {_percent(sum(calls[code]), total)}",
            _list("apicall", code=code),
        )
        for code in _worst(calls)[: _MOST_CODES + 2]
    ]


def _errors_chart(numbers: Overview) -> dict[str, str]:
    calls = numbers["calls"]
    worst = _worst(calls)
    series = [(code, calls[code], colour) for code, colour in zip(worst, _COLOURS, strict=False)]
    if rest := worst[_MOST_CODES:]:
        series.append(
            ("others", [sum(day) for day in zip(*(calls[code] for code in rest), strict=True)], _GREY)
        )
    return _chart(numbers["days"][-DAYS_OF_ERRORS:], series, stacked=True)


def _movements(numbers: Overview) -> dict[str, str]:
    series = [
        ("Installs", numbers["installs"], _COLOURS[4]),
        ("Uninstalls", [-count for count in numbers["uninstalls"]], _COLOURS[1]),
    ]
    return _chart(numbers["days"], series, stacked=True)


def _chart(
    days: Sequence[str], series: Sequence[tuple[str, Sequence[int], str]], *, stacked: bool = False
) -> dict[str, str]:
    """Data and options of a bar chart as unfold's script hands them to Chart.js."""
    ticks = {"color": "#8b95a5", "maxRotation": 0, "autoSkipPadding": 16}
    options = {
        "responsive": True,
        "maintainAspectRatio": False,
        "animation": False,
        "plugins": {
            "legend": {
                "display": len(series) > 1,
                "align": "start",
                "labels": {"boxWidth": 8, "boxHeight": 8, "color": "#8b95a5"},
            }
        },
        "scales": {
            "x": {"stacked": stacked, "grid": {"display": False}, "ticks": ticks},
            "y": {
                "stacked": stacked,
                "beginAtZero": True,
                "border": {"display": False},
                "ticks": {**ticks, "precision": 0, "maxTicksLimit": 5},
            },
        },
    }
    data = {
        "labels": [f"{date.fromisoformat(day):%d %b}" for day in days],
        "datasets": [
            {
                "label": label,
                "data": list(values),
                "backgroundColor": colour,
                "borderRadius": 2,
                "maxBarThickness": 28,
            }
            for label, values, colour in series
        ],
    }
    return {"data": json.dumps(data), "options": json.dumps(options)}
