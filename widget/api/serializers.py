"""Shapes of the API."""

import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portals.bitrix24.payloads import DialogId, PayloadError
from widget.access import OpenClaim
from widget.api.schema import (
    BaseSerializer,
    ClashSerializer,
    PartSerializer,
    PieceSerializer,
    ProblemSerializer,
)
from widget.invisible import shows, without_hidden
from widget.models import Note
from widget.notebook.history import Version
from widget.notebook.notes import TEXT_LIMIT, Query

_BLANK_LINES_AHEAD = re.compile(r"\A(?:[ \t]*[^\S \t])+")


class TextField(serializers.CharField):
    """Markdown: one kind of line end, nothing that deceives, no blank lines around it."""

    def __init__(self, **kwargs: Any) -> None:
        # The first line keeps its indentation, which Markdown reads.
        super().__init__(**{"max_length": TEXT_LIMIT, "trim_whitespace": False} | kwargs)

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        text = without_hidden(text.replace("\r\n", "\n").replace("\r", "\n"))
        return _BLANK_LINES_AHEAD.sub("", text).rstrip()

    def run_validation(self, data: Any = serializers.empty) -> Any:
        text = super().run_validation(data)
        if not shows(text) and not self.allow_blank:
            self.fail("blank")
        return text


class AuthorSerializer(serializers.Serializer[Note]):
    """Who wrote a note: a Bitrix24 user."""

    id = serializers.IntegerField(source="author_id")
    name = serializers.CharField(source="author_name")


class EditorSerializer(serializers.Serializer[Any]):
    """Who wrote a version: a Bitrix24 user."""

    id = serializers.IntegerField(source="editor_id")
    name = serializers.CharField(source="editor_name")


class NoteSerializer(serializers.ModelSerializer[Note]):
    """A note; ``html`` is sanitised, ``editor`` whoever changed it last."""

    author = AuthorSerializer(source="*", read_only=True)
    editor = serializers.SerializerMethodField()
    text = TextField()

    class Meta:
        model = Note
        fields = (
            "id", "text", "html", "author", "editor", "version", "open_points", "pinned_at", "created_at",
            "updated_at",
        )  # fmt: skip
        read_only_fields = ("id", "html", "version", "open_points", "pinned_at", "created_at", "updated_at")

    @extend_schema_field(EditorSerializer(allow_null=True))
    def get_editor(self, note: Note) -> EditorSerializer | None:
        return None if note.editor_id is None else EditorSerializer(note).data  # type: ignore[return-value]


class NoteEditedSerializer(NoteSerializer):
    """A note after an edit; ``merged``: it also says what others have changed since the version that was edited;
    ``others``: the parts of it that they have made (null if that is too much to be shown); ``before``: the version
    that the edit was merged into, null if the note has changed since."""

    merged = serializers.BooleanField()
    others = PartSerializer(many=True, allow_null=True)
    before = serializers.IntegerField(allow_null=True)

    class Meta(NoteSerializer.Meta):
        fields = (*NoteSerializer.Meta.fields, "merged", "others", "before")  # type: ignore[assignment]


class DeletedNoteSerializer(serializers.ModelSerializer[Note]):
    """A note of the bin: what it said, whose it was, who deleted it when."""

    author = AuthorSerializer(source="*", read_only=True)
    deleter = serializers.SerializerMethodField()

    class Meta:
        model = Note
        fields = ("id", "text", "html", "author", "version", "created_at", "deleter", "deleted_at")
        read_only_fields = fields

    @extend_schema_field(EditorSerializer)
    def get_deleter(self, note: Note) -> dict[str, Any]:
        return {"id": note.deleter_id, "name": note.deleter_name}


class KeyReusedSerializer(ProblemSerializer):
    """The key belongs to another text; ``current`` is what the note that was made of that says now."""

    current = NoteSerializer()


class StaleSerializer(ProblemSerializer):
    """The note says something else by now: ``current``.

    Of an edit also: its ``base``, what clashes, and ``merged``: the rest of both brought together, with what the
    writer made of what clashes.
    """

    current = NoteSerializer()
    base = BaseSerializer(allow_null=True)
    clashes = ClashSerializer(many=True)
    merged = serializers.CharField(allow_null=True, allow_blank=True)


class BinPageSerializer(serializers.Serializer[Any]):
    """A page of the bin, the latest deleted first; ``next`` is the address of the next one."""

    results = DeletedNoteSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class BinQuerySerializer(serializers.Serializer[Any]):
    """Where a page of the bin begins: as ``next`` of the page before says."""

    before = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class SeenSerializer(serializers.Serializer[Any]):
    """The version that somebody has in front of them."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class KeySerializer(serializers.Serializer[Any]):
    """What tells a repetition of a request from a new one."""

    key = serializers.UUIDField(allow_null=True)


class NoteEditSerializer(SeenSerializer):
    """An edit names the version it started from, or says in ``base`` what its writer had in front of them: what was
    sent before, and merged into ``version``."""

    text = TextField()
    base = TextField(required=False)


class TickSerializer(SeenSerializer):
    """A box of the version the viewer sees, and what it is to be."""

    checked = serializers.BooleanField()


class PreviewSerializer(serializers.Serializer[Any]):
    """Markdown that nobody has saved."""

    text = TextField(allow_blank=True)


class HtmlSerializer(serializers.Serializer[Any]):
    """Sanitised HTML."""

    html = serializers.CharField()


class NoteQuerySerializer(serializers.Serializer[Any]):
    """Which notes: all words of ``q`` in text or author (``#12`` alone: note 12), with ``open`` only those that
    have open points; ``before``: older than that note."""

    q = serializers.CharField(required=False, max_length=100, allow_blank=True)
    open = serializers.BooleanField(required=False, default=False)
    before = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def query(self) -> Query:
        """What to look for; call after ``is_valid``."""
        data = self.validated_data
        return Query(tuple(data.get("q", "").split()), data["open"])


class NotePageSerializer(serializers.Serializer[Any]):
    """A page of notes, the pinned first, then newest first; ``next`` is the address of the next one."""

    results = NoteSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    revision = serializers.IntegerField()


class SinceSerializer(serializers.Serializer[Any]):
    """The revision that is known."""

    since = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**63 - 1)


class PageSerializer(serializers.Serializer[Any]):
    """A page that is open: any name it has given itself."""

    page = serializers.RegexField(r"^[0-9a-f]{8,32}$", required=False)


class AskingSerializer(SinceSerializer, PageSerializer):
    """Who asks from a ``page`` is here; ``writing`` says in which note they write, 0 for a new one."""

    writing = serializers.IntegerField(required=False, min_value=0, max_value=2**63 - 1)


class HereSerializer(serializers.Serializer[Any]):
    """Somebody else who has the notebook open; ``note`` is where they write: 0 a new one, null nowhere."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    note = serializers.IntegerField(allow_null=True)


class ChangesSerializer(serializers.Serializer[Any]):
    """What changed: notes as they are now, ids of the deleted; ``more``: ask again, from ``revision``.

    ``here``: who else has the notebook open, for who says so of their own page. ``etag``: of this answer.
    """

    results = NoteSerializer(many=True)
    deleted = serializers.ListField(child=serializers.IntegerField())
    revision = serializers.IntegerField()
    more = serializers.BooleanField()
    here = HereSerializer(many=True)
    etag = serializers.CharField()


class VersionSerializer(serializers.Serializer[Version]):
    """A version of a note; ``by_tick``: boxes were ticked, nothing was written. ``steps``: the versions that are
    shown as this one, which its writer made within a few minutes, newest first."""

    version = serializers.IntegerField()
    steps = serializers.ListField(child=serializers.IntegerField())
    editor = EditorSerializer(source="*")
    written_at = serializers.DateTimeField()
    by_tick = serializers.BooleanField()


class VersionDetailSerializer(VersionSerializer):
    """A version with its text and what it changed of the one before: in the source, and as readers see it."""

    text = serializers.CharField()
    changes = PieceSerializer(many=True)
    parts = PartSerializer(many=True, allow_null=True)


class HistorySerializer(serializers.Serializer[Any]):
    """The kept versions of a note, newest first; ticks are part of what they were made in."""

    results = VersionSerializer(many=True)


class SessionRequestSerializer(serializers.Serializer[Any]):
    """Fresh auth of the parent window, traded for a session; ``expires_in``: seconds that the token has left."""

    member_id = serializers.RegexField(r"^[0-9a-fA-F]{32}$")
    access_token = serializers.CharField(max_length=512)
    dialog_id = serializers.CharField(max_length=32)
    expires_in = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)

    def claim(self) -> OpenClaim:
        """The proof to ask for; call after ``is_valid``."""
        data = self.validated_data
        return OpenClaim(
            data["member_id"].lower(), data["access_token"], data["dialog_id"], data.get("expires_in")
        )

    def validate_dialog_id(self, value: str) -> DialogId:
        try:
            return DialogId.parse(value)
        except PayloadError as error:
            raise serializers.ValidationError(error.reason) from None


class SessionSerializer(serializers.Serializer[Any]):
    """A widget session; ``expires_in`` in seconds."""

    session = serializers.CharField()
    expires_in = serializers.IntegerField()
    can_write = serializers.BooleanField()
