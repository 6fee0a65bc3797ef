"""What the documents promise in numbers is what the code does: a limit is changed in both or in neither."""

import re
from datetime import timedelta
from typing import Any

import pytest

from portals.incoming.events import inbox, spool
from portals.lifecycle import install, presence
from portals.models import UNCONFIRMED_TERM
from portals.outgoing import breaker, consequences, suspicion
from portals.tokens import dispatch, refresh
from tests.support.emulator import ROOT
from widget.access import answers, kept, line, sessions
from widget.notebook import bounds, editing, history, notes, removal

_UNITS = {
    "seconds": 1, "s": 1, "minute": 60, "minutes": 60, "hour": 3600, "days": 86400, "day": 86400, "week": 7 * 86400,
    "MB": 1_000_000, "million": 1_000_000,
}  # fmt: skip
_WORDS = {"a": 1, "an": 1, "three": 3, "five": 5, "ten": 10, "fifth": 5}

NUMBERS: list[tuple[Any, str, str]] = [
    (bounds.TEXT, "security.md", "20 000 characters | refused"),
    (bounds.HTML, "security.md", "200 000 bytes, 20 000 tags"),
    (bounds.TAGS, "security.md", "20 000 tags"),
    (bounds.CELLS, "security.md", "10 000 cells"),
    (bounds.ADDRESSES, "security.md", "200 | words"),
    (bounds.WORDS, "security.md", "10 words of them"),
    (bounds.FOLDED, "security.md", "20 000 characters of a note once"),
    (bounds.COMPARED, "security.md", "100 million pairs of words"),
    (bounds.PIECES, "security.md", "2 000 pieces"),
    (bounds.PARTS, "security.md", "500 paragraphs, items and rows"),
    (bounds.MATCHED, "security.md", "20 million pairs"),
    (bounds.PAIRED, "security.md", "2 500 pairs of lines"),
    (bounds.ANSWER, "security.md", "1 MB of text and HTML"),
    (bounds.KEPT_PAGES, "security.md", "32 MB; one of a chat"),
    (notes.PAGE_SIZE, "security.md", "50 and 100 notes"),
    (notes.CHANGES_SIZE, "security.md", "100 notes, and 1 MB"),
    (notes.PINNED_LIMIT, "security.md", "20 notes of 320 KB"),
    (editing.ROUNDS, "security.md", "5 times where others were faster"),
    (history.KEPT_VERSIONS, "notes.md", "100 are kept; of all"),
    (history.FOLDED, "notes.md", "ten minutes is shown as one version"),
    (removal.KEPT, "notes.md", "30 days, for everybody who may write"),
    (sessions.LIFETIME, "notes.md", "15 minutes after the portal said so"),
    (answers.STALE, "adr/0081-how-long-an-answer-counts.md", "an hour) count only after"),
    (kept.HERE, "adr/0081-how-long-an-answer-counts.md", "a minute. That is"),
    (line._STALE_SESSION, "adr/0081-how-long-an-answer-counts.md", "five minutes at most"),
    (inbox.MOST_STRANGERS, "security.md", "200 of one sender wait"),
    (spool._MOST, "adr/0051-events-without-a-database.md", "5 000 events of at most"),
    (spool._LONGEST, "adr/0051-events-without-a-database.md", "8 000 characters and no more"),
    (inbox.HANDED_OUT, "faults.md", "5 minutes at most"),
    (suspicion.FAILURES_AT_PORTAL, "security.md", "10 wrong tokens a minute"),
    (suspicion.ASKS_OF_TOKEN, "security.md", "30 questions a token and minute"),
    (suspicion.FAILURES_OF_ADDRESS, "security.md", "120 failures an address and minute"),
    (breaker.THRESHOLD, "faults.md", "fifth failure at once (breaker)"),
    (breaker.FIRST_PAUSE, "faults.md", "5 to 60 s"),
    (breaker.LONGEST_PAUSE, "faults.md", "60 s |"),
    (dispatch.LEASE, "tokens.md", "three minutes. `refresh_tokens`"),
    (dispatch.CHUNK, "tokens.md", "200 rows a\ntransaction"),
    (refresh.LIFETIME, "tokens.md", "180 days is dead, too: no refresh token lives longer"),
    (refresh._PATIENCE, "tokens.md", "five minutes, on new connections"),
    (consequences.SOON.first, "tokens.md", "30 seconds doubling to 1 hour"),
    (consequences.SOON.longest, "tokens.md", "1 hour, *seldom*"),
    (consequences.SELDOM.first, "tokens.md", "10 minutes doubling to 24 hours"),
    (install.RETRY, "install-flow.md", "an hour | `test_a_reconcile_that_failed"),
    (presence.PATIENCE, "install-flow.md", "a week later it counts as uninstalled"),
    (presence.RENEWAL, "tokens.md", "a week, or blocked, and not renewed for a week"),
    (UNCONFIRMED_TERM, "install-flow.md", "90 days ([ADR 72]"),
]


@pytest.mark.parametrize(("number", "page", "words"), NUMBERS, ids=[words[:40] for *_, words in NUMBERS])
def test_a_number_is_that_of_its_document(number: Any, page: str, words: str) -> None:
    assert words in (ROOT / "docs" / page).read_text()
    found = re.match(r"(?P<digits>\d+(?: \d{3})*)|(?P<word>[a-z]+)", words)
    assert found
    told = int(found["digits"].replace(" ", "")) if found["digits"] else _WORDS[found["word"]]
    unit = re.match(r" (?:to 60 )?(\w+)", words[found.end() :])
    seconds = number.total_seconds() if isinstance(number, timedelta) else number
    assert seconds == told * _UNITS.get(unit[1] if unit else "", 1)
