"""Two people's changes of one text brought together, from what both had in front of them.

By lines first, which are items, boxes and rows; what both changed in one line by cells or words. ADR 86 says why no
library does it. Words that somebody wrote are in what comes out, or in the clashes.
"""

from widget.notebook.merging.boxes import tick
from widget.notebook.merging.changes import Clash, Clashing
from widget.notebook.merging.lines import merge, whole_clash
from widget.notebook.merging.words import drops_words

__all__ = ["Clash", "Clashing", "drops_words", "merge", "tick", "whole_clash"]
