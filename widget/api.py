"""The sidebar's API: the notebook of the one chat that the widget session names."""

from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from portals import callers
from widget import access, history, notes, rendering
from widget import serializers as shapes
from widget.authentication import Viewer
from widget.checklists import NoSuchBox
from widget.models import Note
from widget.problems import Problem
from widget.sessions import WidgetSession
from widget.throttles import Previewing, Reading, Renewing, Writing


class View(APIView):
    """What every endpoint shares: nothing of what it says is kept on the way."""

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "no-store"}


class Root(View):
    """Where the parts of the API are."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(responses={200: dict[str, str]})
    def get(self, request: Request) -> Response:
        return Response({"notes": reverse("note-list"), "session": reverse("session")})


class Session(View):
    """Trade fresh auth of the parent window for a new session: the same proof as an open."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (Renewing,)

    @extend_schema(request=shapes.SessionRequestSerializer, responses=shapes.SessionSerializer)
    def post(self, request: Request) -> Response:
        asked = shapes.SessionRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        with callers.limited(request._request):
            session = access.prove(asked.claim()).session()
        return Response(
            {
                "session": session.sign(),
                "expires_in": session.seconds,
                "can_write": session.can_write,
            }
        )


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
            case notes.TooManyPinned():
                exc = Problem(409, "too_many_pinned", _("Unpin another note first."))
            case notes.StaleNote(current=current):
                text = _("Somebody else has changed this note.")
                exc = Problem(409, "stale", text, current=shapes.NoteSerializer(current).data)
        return super().handle_exception(exc)


class NoteList(NotesView):
    """The notes of the chat."""

    @extend_schema(
        operation_id="notes_list",
        parameters=[shapes.NoteQuerySerializer],
        responses=shapes.NotePageSerializer,
    )
    def get(self, request: Request) -> Response:
        asked = shapes.NoteQuerySerializer(data=request.query_params)
        data = _validated(asked)
        page, has_more = notes.page(self.session.chat, before=data.get("before"), query=asked.query())
        return Response(
            {
                "results": shapes.NoteSerializer(page, many=True).data,
                "next": _next(request, page[-1]) if has_more else None,
                "revision": self.chat_revision,
            }
        )

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                UUID,
                OpenApiParameter.HEADER,
                description="Repeated with the same key, the request answers with the note it made before.",
            )
        ],
        request=shapes.NoteSerializer,
        responses={201: shapes.NoteSerializer},
    )
    def post(self, request: Request) -> Response:
        text = _validated(shapes.NoteSerializer(data=request.data))["text"]
        key = _validated(shapes.KeySerializer(data={"key": request.headers.get("Idempotency-Key")}))["key"]
        return _answer(notes.add(self.session, text, key), status=201)


class NoteDetail(NotesView):
    """One note of the chat."""

    @extend_schema(responses=shapes.NoteSerializer)
    def get(self, request: Request, note_id: int) -> Response:
        return _answer(notes.get(self.session.chat, note_id))

    @extend_schema(request=shapes.NoteEditSerializer, responses=shapes.NoteSerializer)
    def patch(self, request: Request, note_id: int) -> Response:
        edit = _validated(shapes.NoteEditSerializer(data=request.data))
        return _answer(notes.edit(self.session, note_id, edit["text"], edit["version"]))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, note_id: int) -> Response:
        notes.delete(self.session, note_id)
        return Response(status=204)


class NoteRestore(NotesView):
    """Undo a deletion; possible for 30 days."""

    @extend_schema(request=None, responses=shapes.NoteSerializer)
    def post(self, request: Request, note_id: int) -> Response:
        return _answer(notes.restore(self.session, note_id))


class NotePin(NotesView):
    """Whether a note stands on top of the notebook."""

    @extend_schema(request=None, responses=shapes.NoteSerializer)
    def put(self, request: Request, note_id: int) -> Response:
        return _answer(notes.pin(self.session, note_id, pinned=True))

    @extend_schema(responses=shapes.NoteSerializer)
    def delete(self, request: Request, note_id: int) -> Response:
        return _answer(notes.pin(self.session, note_id, pinned=False))


class NoteBox(NotesView):
    """A box of a note's task lists, counted from 0 in reading order."""

    @extend_schema(request=shapes.TickSerializer, responses=shapes.NoteSerializer)
    def put(self, request: Request, note_id: int, box: int) -> Response:
        wanted = _validated(shapes.TickSerializer(data=request.data))
        return _answer(notes.tick(self.session, note_id, box, **wanted))


class NoteHistory(NotesView):
    """Who changed a note when."""

    @extend_schema(operation_id="notes_history_list", responses=shapes.HistorySerializer)
    def get(self, request: Request, note_id: int) -> Response:
        versions = history.versions(notes.get(self.session.chat, note_id))
        return Response(shapes.HistorySerializer({"results": versions}).data)


class NoteVersion(NotesView):
    """One version of a note. To restore it, save its text as an edit."""

    @extend_schema(responses=shapes.VersionDetailSerializer)
    def get(self, request: Request, note_id: int, version: int) -> Response:
        found = history.version(notes.get(self.session.chat, note_id), version)
        return Response(shapes.VersionDetailSerializer(found).data)


class Preview(NotesView):
    """Markdown as a reader would see it. Nothing is stored."""

    throttle_classes = (Previewing,)

    @extend_schema(request=shapes.PreviewSerializer, responses=shapes.HtmlSerializer)
    def post(self, request: Request) -> Response:
        text = _validated(shapes.PreviewSerializer(data=request.data))["text"]
        return Response({"html": rendering.preview(text, self.session.portal)})


class Changes(NotesView):
    """What changed in the notebook since a revision: the question that open pages ask every few seconds.

    With ``If-None-Match`` of the revision's ETag the answer to "nothing" is 304. It costs no query of its own: the
    chat was read with the session.
    """

    @extend_schema(
        parameters=[
            shapes.SinceSerializer,
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="ETag last seen."),
        ],
        responses={200: shapes.ChangesSerializer, 304: None},
    )
    def get(self, request: Request) -> Response:
        now = self.chat_revision
        if request.headers.get("If-None-Match") == f'"{now}"':
            return Response(status=304, headers={"ETag": f'"{now}"'})
        since = _validated(shapes.SinceSerializer(data=request.query_params))["since"]
        changed, more = notes.changes(self.session.chat, since=since)
        revision = max([now, *(note.changed_in for note in changed)])
        if more:
            revision = changed[-1].changed_in
        here = [note for note in changed if note.deleted_at is None]
        body = {
            "results": shapes.NoteSerializer(here, many=True).data,
            "deleted": [note.pk for note in changed if note.deleted_at],
            "revision": revision,
            "more": more,
        }
        return Response(body, headers={"ETag": f'"{revision}"'})


class Nowhere(APIView):
    """Addresses below the API that nothing has: an answer for programs, not a page."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises: NotFound."""
        raise NotFound


def _validated(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    data: dict[str, Any] = serializer.validated_data
    return data


def _next(request: Request, last: Note) -> str:
    asked = {name: request.query_params[name] for name in ("q", "open") if name in request.query_params}
    return f"{reverse('note-list')}?{urlencode({**asked, 'before': last.pk})}"


def _answer(note: Note, status: int = 200) -> Response:
    return Response(shapes.NoteSerializer(note).data, status=status)
