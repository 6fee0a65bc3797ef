"""The sidebar's API: the notebook of the one chat that the widget session names."""

from typing import Any, cast

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from widget import access, notes
from widget.models import Note
from widget.problems import Problem
from widget.serializers import (
    NoteEditSerializer,
    NotePageSerializer,
    NoteSerializer,
    SessionRequestSerializer,
    SessionSerializer,
)
from widget.sessions import LIFETIME, WidgetSession


class Root(APIView):
    """Where the parts of the API are."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(responses={200: dict[str, str]})
    def get(self, request: Request) -> Response:
        return Response({"notes": reverse("note-list"), "session": reverse("session")})


class Session(APIView):
    """Trade fresh auth of the parent window for a new session: the same proof as an open."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=SessionRequestSerializer, responses=SessionSerializer)
    def post(self, request: Request) -> Response:
        asked = SessionRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        session = access.prove(asked.claim()).session()
        return Response(
            {
                "session": session.sign(),
                "expires_in": int(LIFETIME.total_seconds()),
                "can_write": session.can_write,
            }
        )


class NotesView(APIView):
    """What notes' endpoints share: the session, and errors of the service as answers."""

    @property
    def session(self) -> WidgetSession:
        return cast("WidgetSession", self.request.auth)

    def handle_exception(self, exc: Exception) -> Response:
        match exc:
            case notes.ReadOnly():
                exc = PermissionDenied(_("Only members of the chat can write."), "read_only")
            case notes.NoSuchNote():
                exc = NotFound(_("This note was deleted."), "note_gone")
            case notes.StaleNote(current=current):
                text = _("Somebody else has changed this note.")
                exc = Problem(409, "stale", text, current=NoteSerializer(current).data)
        return super().handle_exception(exc)


class NoteList(NotesView):
    """The notes of the chat."""

    @extend_schema(
        parameters=[OpenApiParameter("before", int, description="Only notes older than the one of this id.")],
        responses=NotePageSerializer,
    )
    def get(self, request: Request) -> Response:
        page, has_more = notes.page(self.session.chat, before=_before(request))
        following = f"{reverse('note-list')}?before={page[-1].pk}" if has_more else None
        return Response({"results": NoteSerializer(page, many=True).data, "next": following})

    @extend_schema(request=NoteSerializer, responses={201: NoteSerializer})
    def post(self, request: Request) -> Response:
        text = _validated(NoteSerializer(data=request.data))["text"]
        return _answer(notes.add(self.session, text), status=201)


class NoteDetail(NotesView):
    """One note of the chat."""

    @extend_schema(request=NoteEditSerializer, responses=NoteSerializer)
    def patch(self, request: Request, note_id: int) -> Response:
        edit = _validated(NoteEditSerializer(data=request.data))
        return _answer(notes.edit(self.session, note_id, edit["text"], edit["version"]))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, note_id: int) -> Response:
        notes.delete(self.session, note_id)
        return Response(status=204)


def _validated(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    data: dict[str, Any] = serializer.validated_data
    return data


def _before(request: Request) -> int | None:
    text = request.query_params.get("before", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None  # noqa: PLR2004


def _answer(note: Note, status: int = 200) -> Response:
    return Response(NoteSerializer(note).data, status=status)
