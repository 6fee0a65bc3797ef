"""What `portals` announces. Senders are the `Portal` class; every signal carries ``portal``.

``event_stored`` alone is different: its sender is `PortalEvent`, and it says that there is one more to process.

Status signals are sent inside the transaction of the change, so that a receiver's rows stand or fall with it.
``erased`` is sent again and again: receivers delete a portion of what they hold of the portal
(`erasing.delete_some`) and return how many rows that were, 0 when nothing is left.

``version_drifted`` says that the portal runs another version of the application than we bound handlers for,
``handlers_stale`` that what is bound is not what is wanted, ``perhaps_paid`` that the token of an unpaid portal was
renewed. ``exporting`` carries a ``client`` too: receivers return what they hold of the portal, as a dict, and show
of content only what the client's user may read: the part that follows ``after`` (0: the first), with ``next`` for
the one after it or None. Without a client (None) it is an operator's export of everything; values may then be
iterators of rows.
"""

from django.dispatch import Signal

installed = Signal()
blocked = Signal()
deleted = Signal()
erased = Signal()
version_drifted = Signal()
handlers_stale = Signal()
perhaps_paid = Signal()
exporting = Signal()
event_stored = Signal()
