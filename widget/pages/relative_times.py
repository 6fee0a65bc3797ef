"""How long ago something was, in the viewer's words; `times.js` words it from the same data (CLDR)."""

from datetime import datetime, timedelta
from typing import Final

from babel.dates import format_date, format_timedelta
from django.utils import timezone
from django.utils.translation import get_language, gettext, to_locale

_STEPS: Final = (
    (timedelta(hours=1), timedelta(minutes=1)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=7), timedelta(days=1)),
)


def age(moment: datetime) -> str:
    """``moment`` as "5 minutes ago", and as its date (UTC) once it is a week old.

    Django's `timesince` and `naturaltime` lack several of Bitrix24's languages.
    """
    locale = to_locale(get_language() or "en")
    passed = max(timezone.now() - moment, timedelta())
    if passed < timedelta(minutes=1):
        return gettext("just now")
    for limit, unit in _STEPS:
        if passed < limit:
            whole = unit * (passed // unit)
            return str(format_timedelta(-whole, threshold=1, add_direction=True, locale=locale))
    return str(format_date(moment, "medium", locale=locale))
