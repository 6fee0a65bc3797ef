"""One file a placement."""
