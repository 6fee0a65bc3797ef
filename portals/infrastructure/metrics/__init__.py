"""Numbers for Prometheus, shared by all processes."""
