"""What the outermost template of all frames needs to know."""

from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from portals.bitrix24.languages import Language, by_django

register = template.Library()


@register.simple_tag
def frame_language() -> Language:
    """The language in which the page is being rendered, under all its names."""
    return by_django(get_language())


@register.simple_tag
def page_styles(path: str) -> SafeString:
    """The static style sheet at ``path``, to stand in the page itself (docs/adr/0022-styles-in-the-page.md).

    Raises: ImproperlyConfigured if the bundle was not built.
    """
    return _sheet(path) if not settings.DEBUG else _read_sheet(path)


def _read_sheet(path: str) -> SafeString:
    found = finders.find(path)
    if found is None:
        raise ImproperlyConfigured("The styles are not bundled: run `make setup` (or `npm run build`).")
    return mark_safe(Path(found).read_text())  # noqa: S308 - our own file, no request has a part in it


_sheet = cache(_read_sheet)
