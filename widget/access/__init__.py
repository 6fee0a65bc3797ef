"""From an open to a proved viewer and chat: `line` says it in its order, this is the door."""

from widget.access.answers import Identity, Rights
from widget.access.claim import OpenClaim
from widget.access.line import Access, ProofSource, prove

__all__ = ["Access", "Identity", "OpenClaim", "ProofSource", "Rights", "prove"]
