"""The people and the talk of the demo portals. All names and companies are invented."""
