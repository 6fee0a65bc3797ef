"""What the server renders."""
