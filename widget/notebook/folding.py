"""Text as a search compares it: one spelling for whatever a person takes for the same.

The database compares code points. So its language and collation change nothing, and scripts without cases or spaces
are found like any other.
"""

import unicodedata

from widget.notebook import bounds

# Letters that Unicode takes apart into nothing, but people type without their stroke or dot. Variation selectors
# choose a picture of the same sign.
_SAME = str.maketrans(
    {
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        **dict.fromkeys(map(chr, range(0xFE00, 0xFE10))),
    }
)


def fold(text: str) -> str:
    """``text`` in NFC without case, accents, compatibility forms and signs that nobody sees, and not too long."""
    # Ahead of normalising, which sorts the marks of a letter one by one: thousands of them would take seconds.
    taken_apart = unicodedata.normalize("NFKD", _bare(text[: bounds.FOLDED])).casefold()
    bare = _bare(unicodedata.normalize("NFKD", _bare(taken_apart)))
    return unicodedata.normalize("NFC", bare).translate(_SAME)[: bounds.FOLDED]


def _bare(text: str) -> str:
    """Without marks above and below letters, and without format characters."""
    return "".join(
        sign for sign in text if not unicodedata.combining(sign) and unicodedata.category(sign) != "Cf"
    )
