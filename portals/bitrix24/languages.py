"""Bitrix24's language codes. Some are traps: ``la`` is not Latin, ``br`` not Breton, ``in`` not Indonesian.

Source: Bitrix24 REST docs, "Languages", and the code maps of the official SDKs.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Language:
    """One language under its three names: Bitrix24's, BCP 47 (for HTML) and Django's."""

    bitrix24: str
    bcp47: str
    django: str
    rtl: bool = False


_SAME_EVERYWHERE: Final = ("en", "de", "fr", "it", "pl", "ru", "tr", "ja", "th", "id", "ms")

LANGUAGES: Final = {
    language.bitrix24: language
    for language in (
        *(Language(code, code, code) for code in _SAME_EVERYWHERE),
        Language("ar", "ar", "ar", rtl=True),
        Language("la", "es", "es"),
        Language("br", "pt-BR", "pt-br"),
        Language("ua", "uk", "uk"),
        Language("kz", "kk", "kk"),
        Language("vn", "vi", "vi"),
        Language("in", "hi", "hi"),
        Language("sc", "zh-CN", "zh-hans"),
        Language("tc", "zh-TW", "zh-hant"),
    )
}
"""All languages of Bitrix24 by their Bitrix24 code."""


_BY_DJANGO: Final = {language.django: language for language in LANGUAGES.values()}


def by_django(code: str | None) -> Language:
    """The language of a Django code; English for an unknown one."""
    return _BY_DJANGO.get(code or "", LANGUAGES["en"])


def language(code: str) -> Language:
    """The language of a Bitrix24 code, in any case; English for an unknown one."""
    return LANGUAGES.get(code.strip().lower(), LANGUAGES["en"])
