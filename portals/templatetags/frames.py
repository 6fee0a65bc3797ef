"""What the outermost template of all frames needs to know."""

from django import template
from django.utils.translation import get_language

from portals.bitrix24.languages import Language, by_django

register = template.Library()


@register.simple_tag
def frame_language() -> Language:
    """The language in which the page is being rendered, under all its names."""
    return by_django(get_language())
