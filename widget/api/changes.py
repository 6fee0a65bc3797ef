"""What open pages ask: what is new, and who is here."""

from collections.abc import Sequence

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from widget.api import serializers
from widget.api.endpoints import NotesView, validated
from widget.api.schema import answers
from widget.notebook import notes, presence


class Changes(NotesView):
    """What changed in the notebook since a revision, and who is here: what open pages ask every few seconds.

    With ``If-None-Match`` of the ETag last seen the answer to "nothing" is 304. It costs no query of its own: the
    chat was read with the session.
    """

    @extend_schema(
        parameters=[
            serializers.AskingSerializer,
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="ETag last seen."),
        ],
        responses=answers(400, ok=serializers.ChangesSerializer, unchanged=None),
    )
    def get(self, request: Request) -> Response:
        now = self.chat_revision
        asked = validated(serializers.AskingSerializer(data=request.query_params))
        page = asked.get("page")
        here = presence.tell(self.session, page, asked.get("writing")) if page else ()
        seen = request.headers.get("If-None-Match")
        if seen == _etag(now, here):
            return Response(status=304, headers={"ETag": seen})
        changed, more = (
            notes.changes(self.session.chat, since=asked["since"]) if asked["since"] < now else ((), False)
        )
        revision = max([now, *(note.changed_in for note in changed)])
        if more:
            revision = changed[-1].changed_in
        present = [note for note in changed if note.deleted_at is None]
        body = {
            "results": serializers.NoteSerializer(present, many=True).data,
            "deleted": [note.pk for note in changed if note.deleted_at],
            "revision": revision,
            "more": more,
            "here": serializers.HereSerializer(here, many=True).data,
            "etag": (etag := _etag(revision, here)),
        }
        return Response(body, headers={"ETag": etag})


class Left(NotesView):
    """A page is closed or hidden: its viewer is no longer here, as far as it goes."""

    @extend_schema(request=None, responses=answers(400, 404, empty=None))
    def delete(self, request: Request, page: str) -> Response:
        presence.leave(self.session, validated(serializers.PageSerializer(data={"page": page}))["page"])
        return Response(status=204)


def _etag(revision: int, here: Sequence[presence.Here]) -> str:
    return '"' + ".".join(filter(None, (str(revision), presence.digest(here)))) + '"'
