"""What is in the sidebar: chats and their notes."""

from django.db import models

from portals.models import Portal


class Chat(models.Model):
    """A chat of a portal, by its canonical number: the same for every viewer, unlike ``dialog_id``."""

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="chats")
    chat_id = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # also serves the open: the chat of a proved dialog
            models.UniqueConstraint(fields=["portal", "chat_id"], name="chat_portal_chat_id"),
        ]

    def __str__(self) -> str:
        return f"chat {self.chat_id} at portal {self.portal_id}"


class Note(models.Model):
    """A note of a chat: Markdown as written, and the sanitised HTML made from it when it was saved.

    ``version`` grows with every edit: an edit names the version it started from.
    """

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="notes")
    text = models.TextField()
    html = models.TextField(editable=False)
    author_id = models.PositiveBigIntegerField()
    author_name = models.CharField(max_length=255)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-pk",)
        indexes = [
            # the notebook: a chat's notes, newest first
            models.Index(fields=["chat", "-id"], name="note_chat_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="note_text_not_empty"),
        ]

    def __str__(self) -> str:
        return f"note {self.pk} of {self.chat_id}"
