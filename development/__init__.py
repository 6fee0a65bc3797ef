"""Tools of development: nothing here runs in production, nothing of the application imports it."""
