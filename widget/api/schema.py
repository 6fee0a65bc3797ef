"""What drf-spectacular cannot see by itself: how callers are known, and every way in which the API refuses."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from widget.notebook.difference import difference

Answers = dict[int | tuple[int, str], Any]


class WidgetSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "widget.api.authentication.WidgetSessionAuthentication"
    name = "widgetSession"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A widget session, minutes long."}


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details (RFC 9457): ``code`` is for programs, ``detail`` for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(allow_blank=True)
    code = serializers.CharField()


class InvalidSerializer(ProblemSerializer):
    """What is wrong with what was sent: messages by the name of the field. A body that is no JSON has no fields."""

    errors = serializers.DictField(required=False)  # type: ignore[assignment]


class PieceSerializer(serializers.Serializer[Any]):
    """A run of text that a change left, took away or brought."""

    kind = serializers.ChoiceField(["same", "removed", "added"])
    text = serializers.CharField()


class UndoSerializer(serializers.Serializer[Any]):
    """How a part is taken back: lines ``start`` to ``end`` (from 0, without ``end``) become ``lines`` again."""

    start = serializers.IntegerField()
    end = serializers.IntegerField()
    lines = serializers.ListField(child=serializers.CharField(allow_blank=True))


class PartSerializer(serializers.Serializer[Any]):
    """Some of a note as readers see it; ``gap``: what stayed as it was and is left out."""

    kind = serializers.ChoiceField(["same", "changed", "gap"])
    html = serializers.CharField(allow_blank=True)
    undo = UndoSerializer(allow_null=True)


class ClashSerializer(serializers.Serializer[Any]):
    """Lines that two people changed, each in another way; ``pieces``: what turns theirs into mine."""

    base = serializers.CharField(allow_blank=True)
    mine = serializers.CharField(allow_blank=True)
    theirs = serializers.CharField(allow_blank=True)
    line = serializers.IntegerField(help_text="Of the merged text, where they begin, counted from 0.")
    lines = serializers.IntegerField(help_text="How many lines of the merged text they are.")
    pieces = serializers.SerializerMethodField()

    @extend_schema_field(PieceSerializer(many=True))
    def get_pieces(self, clash: Any) -> Any:
        return PieceSerializer(difference(clash.theirs, clash.mine), many=True).data


class BaseSerializer(serializers.Serializer[Any]):
    """What an edit started from."""

    version = serializers.IntegerField()
    text = serializers.CharField()


# What any endpoint that reads a body may answer.
BODY = (400, 413, 415)
# What any endpoint for viewers may answer.
_ALWAYS = (401, 429, 503)


def answers(*refusals: int, conflict: Any = None, reused: Any = None, **successes: Any) -> Answers:
    """For ``extend_schema``: shapes of the answers ``ok``, ``created``, ``empty`` and ``unchanged``, and refusals.

    ``conflict`` and ``reused`` are shapes of a 409 and a 422 that say more than what is wrong.
    """
    statuses = {"ok": 200, "created": 201, "empty": 204, "unchanged": 304}
    found: Answers = {statuses[name]: shape for name, shape in successes.items()}
    for status in sorted({*refusals, *_ALWAYS}):
        shape = InvalidSerializer if status == 400 else ProblemSerializer  # noqa: PLR2004
        found[status, "application/problem+json"] = shape
    for status, shape in {409: conflict, 422: reused}.items():
        if shape is not None:
            found[status, "application/problem+json"] = shape
    return found
