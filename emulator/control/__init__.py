"""The control API: what tests and the messenger's developer tools may do to the world, under `/_control/`."""
