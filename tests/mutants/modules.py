"""The modules that decide, and which tests should notice when one of them decides otherwise.

Tests that start processes are not here: a changed module does not reach those.
"""

from typing import Final

from tests.support.emulator import ROOT

# Every constant that a document states.
NUMBERS: Final = "tests/test_numbers.py"
# Theirs are processes, which no change reaches.
_PROCESSES: Final = ("tests/portals/tokens/test_under_fire.py", "tests/fuzzing/test_bounds.py")

_BITRIX24 = "tests/portals/bitrix24"
_LIFECYCLE = "tests/portals/lifecycle"
_INCOMING = "tests/portals/incoming"
_OUTGOING = "tests/portals/outgoing"
_TOKENS = "tests/portals/tokens"
_ACCESS = "tests/widget/access"
_NOTEBOOK = "tests/widget/notebook"
_API = "tests/widget/api"

_NEIGHBOURS = "tests/scenarios/test_neighbours.py"
_LATER = f"{_INCOMING}/test_event_later.py"

_OPENS: Final = (
    _ACCESS,
    "tests/security/test_access.py",
    "tests/security/test_sessions.py",
    "tests/platform/test_dialog_get.py",
    "tests/platform/test_people_of_a_chat.py",
    "tests/scenarios/test_living.py",
)
_NOTES: Final = (
    f"{_NOTEBOOK}/test_notes.py",
    f"{_NOTEBOOK}/test_words.py",
    f"{_NOTEBOOK}/test_history.py",
    f"{_NOTEBOOK}/test_extremes.py",
    _API,
    f"{_NOTEBOOK}/test_search.py",
    f"{_NOTEBOOK}/test_data_export.py",
    "tests/security/test_objects.py",
    _NEIGHBOURS,
)
_TEXTS: Final = (
    f"{_NOTEBOOK}/test_markdown.py",
    f"{_NOTEBOOK}/test_merging.py",
    f"{_NOTEBOOK}/test_comparison.py",
    f"{_NOTEBOOK}/test_for_months.py",
    f"{_NOTEBOOK}/test_no_word_lost.py",
    f"{_NOTEBOOK}/test_words.py",
    f"{_NOTEBOOK}/test_bounds.py",
    f"{_NOTEBOOK}/test_notes.py",
    "tests/security/test_injection.py",
    _NEIGHBOURS,
)
_PAIRS: Final = (
    f"{_LIFECYCLE}/test_locks.py",
    _TOKENS,
    f"{_OUTGOING}/test_authorization_servers.py",
    f"{_OUTGOING}/test_consequences.py",
    f"{_LIFECYCLE}/test_transitions.py",
)
_LEAVING: Final = (
    _LATER,
    f"{_LIFECYCLE}/test_presence.py",
    f"{_LIFECYCLE}/test_locks.py",
    f"{_OUTGOING}/test_authorization_servers.py",
    f"{_LIFECYCLE}/test_erasure.py",
    f"{_LIFECYCLE}/test_transitions.py",
    f"{_INCOMING}/test_event_kinds.py",
    f"{_INCOMING}/test_event_waits.py",
    "tests/scenarios/test_leaving.py",
    "tests/scenarios/test_silent_portals.py",
    "tests/scenarios/test_coming_back.py",
    f"{_LIFECYCLE}/test_contradictions.py",
)
_INSTALLING: Final = (
    f"{_LIFECYCLE}/test_locks.py",
    f"{_LIFECYCLE}/test_what_is_stored.py",
    f"{_LIFECYCLE}/test_install_flow.py",
    f"{_INCOMING}/test_install_page.py",
    f"{_LIFECYCLE}/test_contradictions.py",
    "tests/security/test_takeovers.py",
    "tests/platform/test_installation.py",
    "tests/scenarios/test_installing.py",
    "tests/scenarios/test_updating.py",
    "tests/scenarios/test_older_portals.py",
    f"{_INCOMING}/test_application_page.py",
)
_EVENTS: Final = (
    _LATER,
    "tests/scenarios/test_updating.py",
    "tests/scenarios/test_living.py",
    f"{_INCOMING}/test_events.py",
    f"{_INCOMING}/test_event_kinds.py",
    f"{_INCOMING}/test_event_waits.py",
    "tests/security/test_events.py",
    "tests/portals/operations/test_operator_events.py",
    f"{_LIFECYCLE}/test_contradictions.py",
    "tests/scenarios/test_leaving.py",
    "tests/scenarios/test_silent_portals.py",
)

MODULES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        (
            "widget/access/answers.py",
            "widget/access/audience.py",
            "widget/access/authorization.py",
            "widget/access/claim.py",
            "widget/access/everywhere.py",
            "widget/access/fellows.py",
            "widget/access/here.py",
            "widget/access/inquiry.py",
            "widget/access/kept.py",
            "widget/access/line.py",
            "widget/access/portal.py",
            "widget/access/private.py",
            "widget/access/sessions.py",
        ),
        _OPENS,
    ),
    **dict.fromkeys(
        (
            "widget/notebook/editing.py",
            "widget/notebook/folding.py",
            "widget/notebook/history.py",
            "widget/notebook/notes.py",
            "widget/notebook/presence.py",
            "widget/notebook/removal.py",
            "widget/notebook/templates.py",
        ),
        _NOTES,
    ),
    "widget/notebook/data_export.py": (
        f"{_NOTEBOOK}/test_data_export.py",
        f"{_INCOMING}/test_application_page.py",
        "tests/portals/operations/test_operations.py",
        "tests/portals/operations/test_command.py",
    ),
    "widget/notebook/erasing.py": (f"{_LIFECYCLE}/test_erasure.py", "tests/scenarios/test_leaving.py"),
    **dict.fromkeys(
        (
            "widget/notebook/bounds.py",
            "widget/notebook/checklists.py",
            "widget/notebook/difference.py",
            "widget/notebook/markdown.py",
            "widget/notebook/comparison.py",
            "widget/notebook/merging/alignment.py",
            "widget/notebook/merging/boxes.py",
            "widget/notebook/merging/changes.py",
            "widget/notebook/merging/lines.py",
            "widget/notebook/merging/tables.py",
            "widget/notebook/merging/words.py",
            "widget/notebook/rendering.py",
        ),
        _TEXTS,
    ),
    **dict.fromkeys(
        (
            "portals/tokens/dispatch.py",
            "portals/tokens/pairs.py",
            "portals/tokens/refresh.py",
            "portals/tokens/schedule.py",
        ),
        _PAIRS,
    ),
    "portals/tokens/rotation.py": (f"{_TOKENS}/test_rotation.py",),
    "portals/lifecycle/install.py": _INSTALLING,
    "portals/lifecycle/payments.py": (
        _LATER,
        f"{_INCOMING}/test_event_kinds.py",
        f"{_INCOMING}/test_event_waits.py",
        f"{_INCOMING}/test_events.py",
        f"{_OUTGOING}/test_consequences.py",
        "tests/scenarios/test_living.py",
        "tests/scenarios/test_older_portals.py",
        "tests/platform/test_installation.py",
    ),
    "portals/lifecycle/presence.py": (*_LEAVING, f"{_TOKENS}/test_portal_client.py"),
    "portals/lifecycle/uninstall.py": _LEAVING,
    "portals/outgoing/breaker.py": (
        f"{_OUTGOING}/test_breaker.py",
        f"{_OUTGOING}/test_authorization_servers.py",
    ),
    "portals/outgoing/bulkhead.py": (f"{_OUTGOING}/test_limits.py", "tests/scenarios/test_connections.py"),
    "portals/outgoing/consequences.py": (*_PAIRS, "tests/scenarios/test_living.py"),
    "portals/outgoing/limits.py": (f"{_OUTGOING}/test_limits.py", "tests/platform/test_limits.py"),
    "portals/outgoing/suspicion.py": (f"{_OUTGOING}/test_suspicion.py", "tests/security/test_opens.py"),
    **dict.fromkeys(
        (
            "portals/incoming/events/inbox.py",
            "portals/incoming/events/kinds/install.py",
            "portals/incoming/events/kinds/payment.py",
            "portals/incoming/events/kinds/uninstall.py",
            "portals/incoming/events/kinds/update.py",
            "portals/incoming/events/proof.py",
            "portals/incoming/events/registry.py",
            "portals/incoming/events/store.py",
            "portals/incoming/events/work.py",
        ),
        _EVENTS,
    ),
    **dict.fromkeys(
        ("portals/incoming/events/spool.py", "portals/incoming/events/views.py"),
        ("tests/scenarios/test_without_database.py", f"{_INCOMING}/test_events.py", _LATER),
    ),
    "portals/incoming/events/wakeups.py": (
        f"{_TOKENS}/test_handing_out.py",
        "tests/portals/infrastructure/test_side_by_side.py",
    ),
    "portals/bitrix24/errors.py": (f"{_BITRIX24}/test_errors.py", f"{_BITRIX24}/test_answers.py"),
}


def files_of(module: str) -> list[str]:
    """Files of the tests of a module, without folders."""
    found: list[str] = []
    for name in MODULES[module]:
        path = ROOT / name
        files = sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
        found += [file.relative_to(ROOT).as_posix() for file in files]
    return [NUMBERS, *(file for file in found if file not in _PROCESSES)]
