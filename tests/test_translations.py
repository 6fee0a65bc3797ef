"""Translations are complete, keep their placeholders, and reach the pages in every language of Bitrix24."""

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from gettext import c2py
from io import BytesIO
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, override, to_locale

from portals.bitrix24.languages import LANGUAGES, Language
from portals.models import Portal
from sidebar_project import messages
from tests.support.opens import Opens, frame_data
from widget.pages.relative_times import age
from widget.placements.sidebar import TITLE

PRIYA, CHAT = 3, "chat22"
UNTRANSLATABLE = {"Bitrix24", "CRM", "Open Channels"}
PLACES = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|<[^>]+>|&\w+;")
CYRILLIC, HAN = "\u0400-\u04ff", "\u4e00-\u9fff"
FOREIGN_LETTERS = {
    "ru": CYRILLIC,
    "ua": CYRILLIC,
    "kz": CYRILLIC,
    "ar": "\u0621-\u064a",
    "in": "\u0900-\u097f",
    "th": "\u0e00-\u0e7f",
    "ja": f"\u3040-\u30ff{HAN}",
    "sc": HAN,
    "tc": HAN,
}

each_language = pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda entry: entry.bitrix24)
each_translation = pytest.mark.parametrize(
    "language", [entry for code, entry in LANGUAGES.items() if code != "en"], ids=lambda entry: entry.bitrix24
)


@pytest.fixture(scope="module")
def template() -> Catalog:
    return messages.extract()


def forms(message: Message) -> tuple[str, ...]:
    found = message.string
    return tuple(found) if isinstance(found, (tuple, list)) else (str(found),)


def translations(language: Language) -> Iterator[tuple[str, Message]]:
    yield from messages.messages(messages.read(language)).items()


def test_the_extractor_finds_what_templates_and_python_say(template: Catalog) -> None:
    found = messages.messages(template)

    assert {
        "Save",
        "Time until the next try: {seconds}",
        "Notebook",
        "This note was deleted.",
    } <= found.keys()
    assert not [place for message in found.values() for place, _ in message.locations if "admin.py" in place]


def test_a_template_may_be_indented_as_html_likes() -> None:
    source = b"""{% load i18n %}
      <p>{% translate "Deep" %}</p>
   <a title="{% translate 'Half way' %}">{{ x|default:_("Default") }}</a>
    {% blocktranslate count n=notes trimmed %}
       {{ n }} note
    {% plural %}
       {{ n }} notes
    {% endblocktranslate %}"""

    found = list(
        messages.extract_template(BytesIO(source), {"gettext": None, "ngettext": (1, 2), "_": None}, (), {})
    )

    assert [(line, message) for line, _, message, _ in found] == [
        (2, "Deep"),
        (3, "Half way"),
        (3, "Default"),
        (4, ("%(n)s note", "%(n)s notes", None)),
    ]


@each_language
def test_every_message_of_the_sources_is_in_the_catalog_and_no_other(
    template: Catalog, language: Language
) -> None:
    assert messages.path(language).exists()
    assert messages.messages(template).keys() == dict(translations(language)).keys(), "run `make messages`"


@each_language
def test_nothing_is_untranslated_or_fuzzy(language: Language) -> None:
    assert not [name for name, message in translations(language) if not messages.is_translated(message)]


@each_language
def test_a_translation_has_the_places_of_its_source(language: Language) -> None:
    for name, message in translations(language):
        sources = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
        allowed = set(PLACES.findall(" ".join(sources)))
        for form in forms(message):
            assert set(PLACES.findall(form)) <= allowed, (name, form)
        # A form for one or two may go without the number; the general one may not.
        assert sorted(PLACES.findall(forms(message)[-1])) == sorted(PLACES.findall(sources[-1])), name


@each_language
def test_plural_forms_fit_their_rule(language: Language) -> None:
    catalog = messages.read(language)
    for name, message in messages.messages(catalog).items():
        if message.pluralizable:
            assert len(forms(message)) == catalog.num_plurals, name
    rule = c2py(catalog.plural_expr)
    assert {rule(number) for number in range(1000)} == set(range(catalog.num_plurals))


@each_translation
def test_it_is_in_its_own_script(language: Language) -> None:
    letters = FOREIGN_LETTERS.get(language.bitrix24)
    same = 0
    total = 0
    for name, message in translations(language):
        total += 1
        for form in forms(message):
            same += form == message.id
            if letters and form not in UNTRANSLATABLE:
                assert re.search(f"[{letters}]", form, re.IGNORECASE), (name, form)
    assert same < total / 10  # "Status" is German too


def test_django_serves_the_languages_of_bitrix24_and_no_other() -> None:
    assert {code for code, _ in settings.LANGUAGES} == {entry.django for entry in LANGUAGES.values()}
    folders = {path.parent.parent.name for path in messages.LOCALE.glob("*/LC_MESSAGES/django.po")}
    assert folders == {to_locale(entry.django) for entry in LANGUAGES.values()}


@pytest.mark.parametrize(
    ("code", "minutes", "days"),
    [
        ("en", "5 minutes ago", "3 days ago"),
        ("de", "vor 5 Minuten", "vor 3 Tagen"),
        ("ru", "5 минут назад", "3 дня назад"),
        ("pl", "5 minut temu", "3 dni temu"),
        ("ar", "قبل 5 دقائق", "قبل 3 أيام"),
        ("kz", "5 минут бұрын", "3 күн бұрын"),
        ("in", "5 मिनट पहले", "3 दिन पहले"),
        ("vn", "5 phút trước", "3 ngày trước"),
        ("sc", "5分钟前", "3天前"),
    ],
)
def test_ages_are_worded_in_every_language(code: str, minutes: str, days: str) -> None:
    now = timezone.now()
    with override(LANGUAGES[code].django):
        assert age(now - timedelta(minutes=5, seconds=40)) == minutes
        assert age(now - timedelta(days=3, hours=23)) == days
        assert age(now + timedelta(minutes=1)) == gettext("just now")


def test_an_old_moment_is_a_date() -> None:
    moment = timezone.now().replace(year=2024, month=3, day=9)
    with override("de"):
        assert age(moment) == "09.03.2024"


@pytest.mark.django_db
class TestPages:
    """What the emulator's browser side gets, in the language that Bitrix24 names."""

    @each_language
    def test_the_notebook_opens_in_the_language_of_the_open(
        self, opens: Opens, installed: Callable[..., Portal], language: Language
    ) -> None:
        installed()
        opens.api(frame_data(opens.widget("alpha", PRIYA, CHAT))["session"]).add("Contract ends in May")

        response = opens.widget("alpha", PRIYA, CHAT, language=language.bitrix24)

        page = response.content.decode()
        direction = "rtl" if language.bitrix24 == "ar" else "ltr"
        assert f'<html lang="{language.bcp47}" dir="{direction}">' in page
        with override(language.django):
            for text in ("Save", "New note", "Write a note for this chat", "Notes of this chat", "just now"):
                assert gettext(text) in page
        if language.bitrix24 != "en":
            assert "Write a note for this chat" not in page

    @each_language
    def test_a_refusal_speaks_the_language_too(
        self, opens: Opens, installed: Callable[..., Portal], language: Language
    ) -> None:
        installed()
        form = opens.form("alpha", PRIYA, CHAT, language=language.bitrix24)

        response = opens.post(form, AUTH_ID="0" * 70)

        assert f'<html lang="{language.bcp47}"' in response.content.decode()
        with override(language.django):
            assert gettext("Bitrix24 does not recognise this sign-in") in response.content.decode()

    @each_language
    def test_the_application_page_too(
        self, opens: Opens, installed: Callable[..., Portal], language: Language
    ) -> None:
        installed()
        form = opens.emulator.control.open("alpha", 1, placement="DEFAULT", language=language.bitrix24)

        page = html.unescape(opens.post(form).content.decode())

        with override(language.django):
            for text in ("Where to find it", "Open its sidebar", "In which chats", "Erase all notes…"):
                assert gettext(text) in page

    def test_the_api_speaks_the_language_of_the_page(
        self, opens: Opens, installed: Callable[..., Portal]
    ) -> None:
        installed()
        for language in LANGUAGES.values():
            response = opens.client.get("/api/v1/notes/", headers={
                "Accept-Language": language.bcp47, "Authorization": "Bearer stale",
            })  # fmt: skip
            with override(language.django):
                assert gettext("This is not a session of the notebook.") in response.content.decode()

    def test_the_item_of_the_sidebar_has_a_title_in_every_language(
        self, opens: Opens, installed: Callable[..., Portal]
    ) -> None:
        installed()

        [bound] = opens.emulator.control.sidebar_items("alpha")

        titles = found_titles(bound)
        assert titles.keys() == LANGUAGES.keys()
        for code, language in LANGUAGES.items():
            with override(language.django):
                assert titles[code] == gettext(TITLE)
            assert 0 < len(titles[code]) <= 255
        assert len(set(titles.values())) >= len(LANGUAGES) - 1


def found_titles(bound: dict[str, Any]) -> dict[str, str]:
    return {code: entry["TITLE"] for code, entry in bound["lang_all"].items()}


@each_language
def test_a_number_of_seconds_stands_where_it_needs_no_case(language: Language) -> None:
    """Intl words it in the nominative alone: "через 1 секунда" is wrong Russian, "осталось: 1 секунда" is not."""
    counted = [
        form for name, message in translations(language) if ": {seconds}" in name for form in forms(message)
    ]
    assert [form for form in counted if not re.search(r"[:\uff1a]\s?\{seconds\}", form)] == []


def test_no_number_of_seconds_stands_elsewhere(template: Catalog) -> None:
    counted = [name for name in messages.messages(template) if "{seconds}" in name]
    assert counted
    assert [name for name in counted if ": {seconds}" not in name] == []
