"""Characters that a reader does not see and that make a text read as another one."""

import re

# Control characters say nothing to a reader; overrides of direction make a text read as another one. Marks and
# isolates, which Arabic and Hebrew need, stay.
_HIDDEN = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e]")


def without_hidden(text: str) -> str:
    """``text`` without them."""
    return _HIDDEN.sub("", text)
