"""The error codes that can be told apart: a portal may answer with any other, and nobody lists those."""

from collections.abc import Iterator
from typing import Final

from portals.bitrix24.errors import CLASSES, Bitrix24Error

# Made by this package, of what an answer was instead of what it said.
_OURS: Final = frozenset(
    {
        "address_not_public",
        "answer_incomplete",
        "answer_too_large",
        "batch_unreadable",
        "not_json",
        "placement_unreadable",
        "redirect_to_itself",
        "redirect_unexpected",
        "redirect_unreadable",
        "result_missing",
        "unreadable_code",
        "url_refused",
        *(f"http_{status}" for status in (400, 401, 403, 404, 408, 410, 429, 500, 502, 503, 504)),
    }
)


def _defaults(family: type[Bitrix24Error]) -> Iterator[str]:
    yield family.default_code
    for child in family.__subclasses__():
        yield from _defaults(child)


KNOWN: Final = frozenset(CLASSES) | frozenset(_defaults(Bitrix24Error)) | _OURS
