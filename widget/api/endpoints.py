"""What endpoints of the API share: who asks, how often they may, and what errors of the services are as answers."""

from typing import Any, cast

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from portals.models import Portal
from widget.access.sessions import WidgetSession
from widget.api import serializers
from widget.api.authentication import Viewer, expired
from widget.api.problems import Problem
from widget.api.schema import ClashSerializer
from widget.api.throttles import Reading, Writing
from widget.models import Chat
from widget.notebook import editing, history, notes
from widget.notebook.checklists import NoSuchBox


class View(APIView):
    """What every endpoint shares: nothing of what it says is kept on the way."""

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "no-store"}


class NotesView(View):
    """What notes' endpoints share: the session, limits, and errors of the services as answers."""

    throttle_classes: tuple[type[BaseThrottle], ...] = (Reading, Writing)

    @property
    def session(self) -> WidgetSession:
        return cast("WidgetSession", self.request.auth)

    @property
    def chat_revision(self) -> int:
        """That of the chat before anything else was read."""
        return cast("Viewer", self.request.user).chat_revision

    def handle_exception(self, exc: Exception) -> Response:
        match exc:
            case notes.ReadOnly():
                exc = PermissionDenied(_("Only members of the chat can write."), "read_only")
            case notes.NoSuchNote():
                exc = NotFound(_("This note was deleted."), "note_gone")
            case history.NoSuchVersion():
                exc = NotFound(_("This version is no longer kept."), "version_gone")
            case NoSuchBox():
                exc = NotFound(_("The note has no such box."), "no_such_box")
            case Chat.DoesNotExist() | Portal.DoesNotExist():
                exc = expired()  # erased since the session was read
            case editing.Overtaken():
                exc = Problem(503, "overtaken", _("Just a moment"), retry_after=1)
            case notes.TooManyPinned():
                exc = Problem(409, "too_many_pinned", _("Unpin another note first."))
            case notes.KeyReused(made=made):
                text = _("Another note was saved under this key.")
                exc = Problem(422, "key_reused", text, current=serializers.NoteSerializer(made).data)
            case notes.StaleNote():
                exc = self._stale(exc)
        return super().handle_exception(exc)

    def _stale(self, stale: notes.StaleNote) -> Problem:
        sent = cast("dict[str, Any]", self.request.data)
        members: dict[str, Any] = {
            "current": serializers.NoteSerializer(stale.current).data,
            "base": None if stale.base is None else {"version": int(sent["version"]), "text": stale.base},
            "merged": stale.merged,
            "clashes": ClashSerializer(stale.clashes, many=True).data,
        }
        return Problem(409, "stale", _("Somebody else has changed this note."), **members)


def validated(serializer: Any) -> dict[str, Any]:
    """What a serializer makes of what was sent. Raises: ValidationError."""
    serializer.is_valid(raise_exception=True)
    data: dict[str, Any] = serializer.validated_data
    return data
