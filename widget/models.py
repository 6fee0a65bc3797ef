"""What is in the sidebar: chats and their notes."""

from typing import Final

from django.db import connection, models

from portals.models import Portal
from portals.models.rows import portal_of

# What a warm open needs of a portal.
_OF_PORTAL: Final = (
    "id",
    "member_id",
    "client_endpoint",
    "status",
    "status_reason",
    "status_changed_at",
    "app_code",
    "scope",
    "placement_settings",
    "handlers_missing",
)
_OPENED: Final = f"""
    SELECT {", ".join(_OF_PORTAL)},
        (SELECT revision FROM widget_chat WHERE id = %s AND portal_id = portals_portal.id)
    FROM portals_portal WHERE member_id = %s
"""  # noqa: S608 - our own names


class ChatManager(models.Manager["Chat"]):
    def opened(self, chat: int, member_id: str) -> tuple[Portal, int] | None:
        """A portal and the revision of its chat, None if there is no such chat; other fields are deferred."""
        with connection.cursor() as cursor:
            cursor.execute(_OPENED, (chat, member_id))
            row = cursor.fetchone()
        *values, revision = row or [None]
        if revision is None:
            return None
        return portal_of(_OF_PORTAL, values), revision

    def numbered(self, portal: Portal, chat_id: int) -> "Chat | None":
        """A chat by the portal's number, with the fields that an open needs."""
        names = ("id", "lower_user_id")
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {', '.join(names)} FROM widget_chat WHERE portal_id = %s AND chat_id = %s",  # noqa: S608
                (portal.pk, chat_id),
            )
            row = cursor.fetchone()
        return Chat.from_db(connection.alias, names, row) if row else None

    def revision_of(self, chat: int) -> int:
        """How many changes a chat has seen; 0 of one that is not there."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT revision FROM widget_chat WHERE id = %s", (chat,))
            row = cursor.fetchone()
        return int(row[0]) if row else 0

    def between(self, portal: Portal, one: int, other: int) -> "Chat | None":
        """The private chat of two people, if the portal has ever named it; the newest, should there be several."""
        lower, higher = sorted((one, other))
        return self.filter(portal=portal, lower_user_id=lower, higher_user_id=higher).order_by("-pk").first()

    def private_of(self, portal: Portal, user_id: int) -> bool:
        """Whether any private chat of somebody is known."""
        theirs = models.Q(lower_user_id=user_id) | models.Q(higher_user_id=user_id)
        return self.filter(theirs, portal=portal).exists()


class Chat(models.Model):
    """A chat of a portal, by its canonical number: the same for every viewer, unlike ``dialog_id``.

    Of a private one the numbers of its two people, the smaller first.
    """

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="chats")
    chat_id = models.PositiveBigIntegerField()
    lower_user_id = models.PositiveBigIntegerField(null=True, editable=False)
    higher_user_id = models.PositiveBigIntegerField(null=True, editable=False)
    # grows with every change of a note: what an open page has seen is a number
    revision = models.PositiveBigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ChatManager()

    class Meta:
        indexes = [
            # the open of a private chat: which one is meant, and whether one of somebody is known
            models.Index(
                fields=["portal", "lower_user_id", "higher_user_id"],
                name="chat_private",
                condition=models.Q(lower_user_id__isnull=False),
            ),
            models.Index(
                fields=["portal", "higher_user_id"],
                name="chat_private_of_higher",
                condition=models.Q(higher_user_id__isnull=False),
            ),
        ]
        constraints = [
            # also serves the open: the chat of a proved dialog
            models.UniqueConstraint(fields=["portal", "chat_id"], name="chat_portal_chat_id"),
        ]

    def __str__(self) -> str:
        return f"chat {self.chat_id} at portal {self.portal_id}"


class Note(models.Model):
    """A note of a chat: Markdown as written, and the sanitised HTML made from it when it was saved.

    ``version`` grows with every change of the text: an edit names the version it started from. A deleted note stays
    for a while (`widget.notebook.removal.KEPT`), so that deleting can be undone. ``key`` is its author's for the
    request that made it, ``key_digest`` of what that said: a repetition of the request finds the note by them.
    ``by_tick``: this version differs from the one before in a box alone. ``request``: a digest of the edit that
    made this version, if that had a key: its repetition is known by it.
    """

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="notes")
    text = models.TextField()
    html = models.TextField(editable=False)
    renderer = models.PositiveSmallIntegerField(default=1, db_default=1, editable=False)
    # what a search reads: the author's name and the words of the HTML (`widget.notebook.folding`)
    folded = models.TextField(default="", db_default="", editable=False)
    open_points = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    author_id = models.PositiveBigIntegerField()
    author_name = models.CharField(max_length=255)
    editor_id = models.PositiveBigIntegerField(null=True)
    editor_name = models.CharField(max_length=255, default="", db_default="")
    version = models.PositiveIntegerField(default=1)
    by_tick = models.BooleanField(default=False, db_default=False, editable=False)
    request = models.CharField(max_length=64, default="", db_default="", editable=False)
    changed_in = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    key = models.UUIDField(null=True, editable=False)
    key_digest = models.CharField(max_length=64, default="", db_default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    pinned_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleter_id = models.PositiveBigIntegerField(null=True)
    deleter_name = models.CharField(max_length=255, default="", db_default="")

    class Meta:
        ordering = ("-pk",)
        indexes = [
            # the notebook: a chat's notes, newest first
            models.Index(fields=["chat", "-id"], name="note_chat_newest"),
            # the pages that are open: what has changed since a revision of the chat; the bin, latest deleted first
            models.Index(fields=["chat", "changed_in"], name="note_chat_changed"),
            # the notebook's head, and how many are pinned
            models.Index(
                fields=["chat"], name="note_chat_pinned", condition=models.Q(pinned_at__isnull=False)
            ),
            # a request that is repeated; one at a time in a chat, so no key is taken twice
            models.Index(
                fields=["chat", "author_id", "key"], name="note_key", condition=models.Q(key__isnull=False)
            ),
            # the clean-up of deleted notes
            models.Index(
                fields=["deleted_at"], name="note_deleted", condition=models.Q(deleted_at__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="note_text_not_empty"),
        ]

    def __str__(self) -> str:
        return f"note {self.pk} of {self.chat_id}"


class NoteRevision(models.Model):
    """What a note said before a change, and who had written that when.

    ``folded``: its author went on a moment later, and all of its words are in what came of that.
    """

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="revisions")
    version = models.PositiveIntegerField()
    by_tick = models.BooleanField(default=False, db_default=False)
    folded = models.BooleanField(default=False, db_default=False)
    request = models.CharField(max_length=64, default="", db_default="")
    text = models.TextField()
    editor_id = models.PositiveBigIntegerField()
    editor_name = models.CharField(max_length=255)
    written_at = models.DateTimeField()

    class Meta:
        ordering = ("-version",)
        constraints = [
            # also serves the history of a note
            models.UniqueConstraint(fields=["note", "version"], name="note_revision_version"),
        ]

    def __str__(self) -> str:
        return f"version {self.version} of note {self.note_id}"


class NoteTemplate(models.Model):
    """What members of a chat may begin a note with."""

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="templates")
    title = models.CharField(max_length=80)
    text = models.TextField()
    author_id = models.PositiveBigIntegerField()
    author_name = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # also serves the list of a chat
            models.UniqueConstraint(fields=["chat", "title"], name="note_template_title"),
        ]

    def __str__(self) -> str:
        return f"template {self.pk} of chat {self.chat_id}"
