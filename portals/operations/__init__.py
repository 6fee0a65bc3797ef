"""What operators see of portals and can do to them, for the admin and for the command line."""
