"""REST of a portal. Each module is one family of methods and registers them when imported."""

from emulator.rest import app, batch, disk, event, im, im_people, placement, user

__all__ = ["app", "batch", "disk", "event", "im", "im_people", "placement", "user"]
