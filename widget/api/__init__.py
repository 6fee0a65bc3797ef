"""The API of the sidebar."""
