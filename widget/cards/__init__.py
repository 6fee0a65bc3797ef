"""The cards of the sidebar. One file a card, each with a module-level ``CARD``; docs/adding-a-card.md shows how."""
