"""What notes may cost at most, whatever they say.

What each bound protects stands in docs/security.md, "What text may cost".
"""

from typing import Final

from widget.models import Note

# Characters of a note as it is written.
TEXT: Final = 20_000

# Bytes and tags of a note's HTML; a note that would take more is shown as plain text. Plain text takes at most five
# bytes for a character.
HTML: Final = 200_000
TAGS: Final = 20_000
# Cells of tables: as many as can be written, not those that the parser fills rows up with. Beyond it pipes are
# pipes.
CELLS: Final = TEXT // 2
# Looking at what may be an address takes a millisecond. Beyond it addresses are plain words.
ADDRESSES: Final = 200

# Characters of a note that a search reads, and words that it looks for.
FOLDED: Final = TEXT
WORDS: Final = 10

# Pieces of one text times pieces of the other (a bit each, 12 MB), and pieces of a difference. Beyond either, one
# text is shown as taken away and the other one as brought.
COMPARED: Final = 100_000_000
PIECES: Final = 2_000
# What a merge may compare between parts that both texts have once (lengths of two stretches multiplied), and lines
# times lines that it looks at for those that are alike. Beyond it stretches are taken as replaced.
MATCHED: Final = 20_000_000
PAIRED: Final = 2_500
# Paragraphs, items and rows of a difference as readers see it. Beyond it the source is compared.
PARTS: Final = 500

# Bytes of text and HTML after which an answer takes no further note. The pinned and one more always come.
ANSWER: Final = 1_000_000
# Bytes of rendered pages that a process keeps.
KEPT_PAGES: Final = 32_000_000


def fitting(notes: list[Note], *, always: int) -> list[Note]:
    """As many as an answer takes: those that ``always`` come, the others while there is room."""
    size = 0
    for place, note in enumerate(notes):
        size += len(note.html.encode()) + len(note.text.encode())
        if size > ANSWER and place >= always:
            return notes[:place]
    return notes
