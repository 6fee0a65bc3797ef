"""The sidebar's API: the notebook of the one chat that the widget session names."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portals.outgoing import suspicion
from widget import access
from widget.api import serializers
from widget.api.endpoints import NotesView, View, validated
from widget.api.schema import BODY, PartSerializer, answers
from widget.api.throttles import Previewing, Renewing
from widget.models import Note
from widget.notebook import editing, history, notes, removal, rendering
from widget.notebook.comparison import compare

KEY = OpenApiParameter(
    "Idempotency-Key",
    UUID,
    OpenApiParameter.HEADER,
    description="Repeated with the same key, the request answers with what it made before.",
)


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

    @extend_schema(
        request=serializers.SessionRequestSerializer,
        responses=answers(*BODY, 402, 403, 404, 409, 502, 504, ok=serializers.SessionSerializer),
    )
    def post(self, request: Request) -> Response:
        asked = serializers.SessionRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        with suspicion.limited(request._request):
            session = access.prove(asked.claim()).session()
        return Response(
            {
                "session": session.sign(),
                "expires_in": session.seconds,
                "can_write": session.can_write,
            }
        )


class NoteList(NotesView):
    """The notes of the chat."""

    @extend_schema(
        operation_id="notes_list",
        parameters=[serializers.NoteQuerySerializer],
        responses=answers(400, ok=serializers.NotePageSerializer),
    )
    def get(self, request: Request) -> Response:
        asked = serializers.NoteQuerySerializer(data=request.query_params)
        data = validated(asked)
        page, has_more = notes.page(self.session.chat, before=data.get("before"), query=asked.query())
        return Response(
            {
                "results": serializers.NoteSerializer(page, many=True).data,
                "next": _next(request, page[-1]) if has_more else None,
                "revision": self.chat_revision,
            }
        )

    @extend_schema(
        parameters=[KEY, OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[201])],
        request=serializers.NoteSerializer,
        responses=answers(
            *BODY, 403, reused=serializers.KeyReusedSerializer, created=serializers.NoteSerializer
        ),
    )
    def post(self, request: Request) -> Response:
        text = validated(serializers.NoteSerializer(data=request.data))["text"]
        note = notes.add(self.session, text, _key(request))
        answer = Response(serializers.NoteSerializer(note).data, status=201)
        answer["Location"] = reverse("note-detail", args=[note.pk])
        return answer


class NoteDetail(NotesView):
    """One note of the chat."""

    @extend_schema(responses=answers(404, ok=serializers.NoteSerializer))
    def get(self, request: Request, note_id: int) -> Response:
        return _answer(notes.get(self.session.chat, note_id))

    @extend_schema(
        parameters=[KEY],
        request=serializers.NoteEditSerializer,
        responses=answers(
            *BODY, 403, 404, conflict=serializers.StaleSerializer, ok=serializers.NoteEditedSerializer
        ),
    )
    def patch(self, request: Request, note_id: int) -> Response:
        """Save what was made of a version. What others have changed since is merged; what clashes is answered."""
        edit = validated(serializers.NoteEditSerializer(data=request.data))
        text = edit["text"]
        key = _key(request)
        note = editing.edit(self.session, note_id, text, edit["version"], base=edit.get("base"), key=key)
        merged = note.text != text
        parts = compare(text, note.text) if merged else ()
        others = None if parts is None else PartSerializer(parts, many=True).data
        before = editing.version_before(self.session, note, text, key)
        answer = {"merged": merged, "others": others, "before": before}
        return Response({**serializers.NoteSerializer(note).data, **answer})

    @extend_schema(
        parameters=[serializers.SeenSerializer],
        responses=answers(400, 403, 404, conflict=serializers.StaleSerializer, empty=None),
    )
    def delete(self, request: Request, note_id: int) -> Response:
        """Put a note into the bin, if it still says what the caller has seen."""
        seen = validated(serializers.SeenSerializer(data=request.query_params))
        removal.delete(self.session, note_id, seen["version"])
        return Response(status=204)


class Bin(NotesView):
    """What was deleted within 30 days, for who may restore it."""

    @extend_schema(
        parameters=[serializers.BinQuerySerializer],
        responses=answers(400, 403, ok=serializers.BinPageSerializer),
    )
    def get(self, request: Request) -> Response:
        asked = validated(serializers.BinQuerySerializer(data=request.query_params))
        page, has_more = removal.page(self.session, asked.get("before"))
        following = f"{reverse('note-bin')}?before={page[-1].changed_in}" if has_more else None
        return Response(serializers.BinPageSerializer({"results": page, "next": following}).data)


class NoteRestore(NotesView):
    """Undo a deletion; possible for 30 days. A note that is back already stays as it is."""

    @extend_schema(request=None, responses=answers(403, 404, ok=serializers.NoteSerializer))
    def post(self, request: Request, note_id: int) -> Response:
        return _answer(removal.restore(self.session, note_id))


class NotePin(NotesView):
    """Whether a note stands on top of the notebook."""

    @extend_schema(request=None, responses=answers(403, 404, 409, ok=serializers.NoteSerializer))
    def put(self, request: Request, note_id: int) -> Response:
        return _answer(notes.pin(self.session, note_id, pinned=True))

    # Said here, since a DELETE is taken to answer 204.
    @extend_schema(request=None, responses=answers(403, 404, ok=serializers.NoteSerializer))
    def delete(self, request: Request, note_id: int) -> Response:
        return _answer(notes.pin(self.session, note_id, pinned=False))


class NoteBox(NotesView):
    """A box of a note's task lists, counted from 0 in reading order."""

    @extend_schema(
        request=serializers.TickSerializer,
        responses=answers(
            *BODY, 403, 404, conflict=serializers.StaleSerializer, ok=serializers.NoteSerializer
        ),
    )
    def put(self, request: Request, note_id: int, box: int) -> Response:
        wanted = validated(serializers.TickSerializer(data=request.data))
        return _answer(editing.tick(self.session, note_id, box, **wanted))


class NoteHistory(NotesView):
    """Who changed a note when."""

    @extend_schema(
        operation_id="notes_history_list", responses=answers(404, ok=serializers.HistorySerializer)
    )
    def get(self, request: Request, note_id: int) -> Response:
        versions = history.versions(notes.get(self.session.chat, note_id))
        return Response(serializers.HistorySerializer({"results": versions}).data)


class NoteVersion(NotesView):
    """One version of a note. To restore it, save its text as an edit."""

    @extend_schema(responses=answers(404, ok=serializers.VersionDetailSerializer))
    def get(self, request: Request, note_id: int, version: int) -> Response:
        found = history.version(notes.get(self.session.chat, note_id), version)
        return Response(serializers.VersionDetailSerializer(found).data)


class Preview(NotesView):
    """Markdown as a reader would see it. Nothing is stored."""

    throttle_classes = (Previewing,)

    @extend_schema(
        request=serializers.PreviewSerializer, responses=answers(*BODY, ok=serializers.HtmlSerializer)
    )
    def post(self, request: Request) -> Response:
        text = validated(serializers.PreviewSerializer(data=request.data))["text"]
        return Response({"html": rendering.preview(text, self.session.portal)})


class Nowhere(APIView):
    """Addresses below the API that nothing has: an answer for programs, not a page."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises: NotFound."""
        raise NotFound


def _next(request: Request, last: Note) -> str:
    asked = {name: request.query_params[name] for name in ("q", "open") if name in request.query_params}
    return f"{reverse('note-list')}?{urlencode({**asked, 'before': last.pk})}"


def _key(request: Request) -> UUID | None:
    key = serializers.KeySerializer(data={"key": request.headers.get("Idempotency-Key")})
    found: UUID | None = validated(key)["key"]
    return found


def _answer(note: Note) -> Response:
    return Response(serializers.NoteSerializer(note).data)
