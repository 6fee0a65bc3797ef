"""Several people write in one note over connections that fail: no word that was confirmed is lost."""

from collections.abc import Callable

import pytest

from portals.models import Portal
from tests.support.writers import play

pytestmark = pytest.mark.django_db


def test_every_word_is_in_the_note_in_its_history_or_in_a_question(installed: Callable[..., Portal]) -> None:
    tally = play(installed(), rounds=60, seed=1)
    assert tally.lost == []
    assert tally.merges > 30, "they write at the same time"
    assert tally.questions < tally.edits / 4
