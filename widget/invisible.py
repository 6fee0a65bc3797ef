"""Characters that a reader does not see, and those that make a text read as another one."""

import re
import unicodedata

# Control characters say nothing to a reader; overrides of direction make a text read as another one. Marks and
# isolates, which Arabic and Hebrew need, stay.
_HIDDEN = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e]")
# Control and format characters, spaces, marks without a letter; and letters that fonts draw as nothing.
_UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"}
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def without_hidden(text: str) -> str:
    """``text`` without them."""
    return _HIDDEN.sub("", text)


def shows(text: str) -> bool:
    """Whether a reader sees anything of ``text``."""
    return any(unicodedata.category(sign) not in _UNSEEN and sign not in _FILLERS for sign in text)
