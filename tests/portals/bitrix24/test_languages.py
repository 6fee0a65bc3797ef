"""Bitrix24's language codes."""

import pytest
from django.conf.locale import LANG_INFO
from django.utils.translation.trans_real import language_code_re

from portals.bitrix24.languages import LANGUAGES, language


@pytest.mark.parametrize(
    ("code", "bcp47", "django"),
    [
        ("en", "en", "en"),
        ("la", "es", "es"),
        ("br", "pt-BR", "pt-br"),
        ("ua", "uk", "uk"),
        ("kz", "kk", "kk"),
        ("vn", "vi", "vi"),
        ("in", "hi", "hi"),
        ("sc", "zh-CN", "zh-hans"),
        ("tc", "zh-TW", "zh-hant"),
        ("id", "id", "id"),
        ("UA", "uk", "uk"),
    ],
)
def test_codes_have_three_names(code, bcp47, django):
    assert (language(code).bcp47, language(code).django) == (bcp47, django)


@pytest.mark.parametrize("code", ["", "xx", "uk", "es", "../etc"])
def test_an_unknown_code_is_english(code):
    assert language(code) is LANGUAGES["en"]


def test_only_arabic_runs_right_to_left():
    assert [code for code, entry in LANGUAGES.items() if entry.rtl] == ["ar"]


@pytest.mark.parametrize("entry", LANGUAGES.values(), ids=lambda entry: entry.bitrix24)
def test_django_knows_its_name_and_direction(entry):
    assert language_code_re.fullmatch(entry.django)
    assert LANG_INFO[entry.django]["bidi"] is entry.rtl
