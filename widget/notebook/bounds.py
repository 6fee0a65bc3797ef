"""What notes may cost at most, whatever they say. What each bound protects stands in docs/security.md, "Text"."""

from typing import Final

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

# Bytes of text and HTML after which an answer takes no further note. The pinned and one more always come.
ANSWER: Final = 1_000_000
# Bytes of rendered pages that a process keeps.
KEPT_PAGES: Final = 32_000_000
