"""The catalogs of translations, by Babel: no GNU gettext has to be installed.

    python -m sidebar_project.messages update     sources -> locale/*/LC_MESSAGES/django.po; lists what lacks
    python -m sidebar_project.messages fill FILE  put translations of a JSON file where one is missing
    python -m sidebar_project.messages compile    .po -> .mo, those that changed

A file to fill in has the form ``{"de": {"Save": "Speichern", "%(n)s note": ["%(n)s Notiz", "%(n)s Notizen"]}}``:
languages as Bitrix24 names them, plural forms in the order of the catalog's ``Plural-Forms``. `update` writes
what is untranslated in that form to ``.data/untranslated.json``.
"""

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

from portals.bitrix24.languages import LANGUAGES, Language

ROOT: Final = Path(__file__).resolve().parent.parent
LOCALE: Final = ROOT / "locale"
UNTRANSLATED: Final = ROOT / ".data" / "untranslated.json"
CONTEXT_END: Final = "\x04"

# Git knows these better, and a time in every catalog is a conflict in every merge.
_IDLE_HEADERS: Final = re.compile(
    rb'^"(Project-Id|Report-Msgid|POT-Creation|PO-Revision|Last-Translator|Language-Team|Generated-By).*\n',
    re.M,
)

# What operators alone see stays English: one language less to support is worth more than twenty more.
_IGNORED: Final = ("**/admin.py", "**/admin/**", "**/management/**", "**/migrations/**", "**/static/**")
_KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def extract_template(
    file: IO[bytes], keywords: Mapping[str, Any], comment_tags: tuple[str, ...], options: dict[str, Any]
) -> Iterator[Any]:
    """Messages of a Django template: Django itself turns one into Python that Babel can read."""
    source = templatize(file.read().decode(), origin=getattr(file, "name", None))
    source = "\n".join(line.lstrip() for line in source.split("\n"))  # HTML's indentation is not Python's
    return extract_python(BytesIO(source.encode()), keywords, comment_tags, {"encoding": "utf-8"})


def extract() -> Catalog:
    """Every message of the sources, without translations."""
    methods: list[tuple[str, str]] = [
        *((pattern, "ignore") for pattern in _IGNORED),
        ("**.py", "python"),
        ("**.html", "sidebar_project.messages:extract_template"),
    ]
    found = Catalog(charset="utf-8")
    for folder in ("portals", "widget", "templates"):
        for file, line, message, comments, context in extract_from_dir(
            ROOT / folder,
            methods,
            keywords=_KEYWORDS,
            comment_tags=("Translators:",),
            strip_comment_tags=False,
        ):
            found.add(message, None, [(f"{folder}/{file}", line)], auto_comments=comments, context=context)
    return found


def path(language: Language) -> Path:
    """Where the catalog of a language is."""
    return LOCALE / to_locale(language.django) / "LC_MESSAGES" / "django.po"


def read(language: Language) -> Catalog:
    """The catalog of a language; an empty one if it has none yet."""
    file = path(language)
    if not file.exists():
        return Catalog(to_locale(language.django), project="Chat Notebook", charset="utf-8", fuzzy=False)
    with file.open("rb") as opened:
        return read_po(opened, locale=to_locale(language.django), abort_invalid=True)


def write(language: Language, catalog: Catalog) -> None:
    """Save a catalog; an unchanged one keeps its time, so that nothing is compiled anew."""
    catalog.header_comment = "# `make messages` keeps the list; translators fill in what is empty."
    catalog.fuzzy = False
    made = BytesIO()
    write_po(made, catalog, width=100, include_lineno=False, sort_by_file=True, ignore_obsolete=True)
    text = _IDLE_HEADERS.sub(b"", made.getvalue())
    file = path(language)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists() or file.read_bytes() != text:
        file.write_bytes(text)


def messages(catalog: Catalog) -> dict[str, Message]:
    """The messages of a catalog by context and text."""
    return {key(message): message for message in catalog if message.id}


def key(message: Message) -> str:
    """How JSON files name a message: its (singular) text, after its context if it has one."""
    text = str(message.id[0] if message.pluralizable else message.id)
    return f"{message.context}{CONTEXT_END}{text}" if message.context else text


def is_translated(message: Message) -> bool:
    """Whether every form of it is there."""
    forms = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return bool(forms) and all(forms) and not message.fuzzy


def update() -> None:
    """Bring every catalog up to date with the sources; messages that are gone leave theirs."""
    template = extract()
    untranslated: dict[str, dict[str, Any]] = {}
    for code, language in LANGUAGES.items():
        catalog = read(language)
        catalog.update(deepcopy(template), no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        if code == "en":
            _copy_source(catalog)
        write(language, catalog)
        untranslated[code] = {
            name: [""] * catalog.num_plurals if message.pluralizable else ""
            for name, message in messages(catalog).items()
            if not is_translated(message)
        }
    UNTRANSLATED.parent.mkdir(exist_ok=True)
    UNTRANSLATED.write_text(json.dumps(untranslated, ensure_ascii=False, indent=1))
    _report(len(messages(template)), untranslated)


def _copy_source(catalog: Catalog) -> None:
    for message in catalog:
        if message.id:
            message.string = message.id


def _report(total: int, untranslated: Mapping[str, Mapping[str, Any]]) -> None:
    open_ones = {name for missing in untranslated.values() for name in missing}
    print(f"{total} messages in {len(untranslated)} languages, {len(open_ones)} not translated everywhere")
    for name in sorted(open_ones):
        languages = [code for code, missing in untranslated.items() if name in missing]
        print(f"  {name!r}: {' '.join(languages)}")
    if open_ones:
        print(f"Fill in {UNTRANSLATED.relative_to(ROOT)}, then: python -m sidebar_project.messages fill FILE")


def fill(file: Path) -> None:
    """Take translations out of a JSON file for messages that have none; the rest of the file is ignored."""
    for code, translations in json.loads(file.read_text()).items():
        language = LANGUAGES[code]
        catalog = read(language)
        for name, message in messages(catalog).items():
            given = translations.get(name)
            if given and not is_translated(message):
                message.string = tuple(given) if message.pluralizable else given
                message.flags.discard("fuzzy")
        write(language, catalog)


def compile_changed() -> None:
    """Compile each catalog whose source is newer than what was compiled of it."""
    for language in LANGUAGES.values():
        source = path(language)
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        made = target.with_suffix(".new")
        with made.open("wb") as opened:
            write_mo(opened, read(language))
        made.replace(target)


def main() -> None:
    """Run the command of the command line."""
    parser = argparse.ArgumentParser(prog="python -m sidebar_project.messages", description="Catalogs")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="bring the catalogs up to date with the sources")
    commands.add_parser("compile", help="compile changed catalogs")
    commands.add_parser("fill", help="add translations of a JSON file").add_argument("file", type=Path)
    given = parser.parse_args()
    match given.command:
        case "update":
            update()
        case "compile":
            compile_changed()
        case "fill":
            fill(given.file)


if __name__ == "__main__":
    main()
