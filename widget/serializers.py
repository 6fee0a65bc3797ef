"""Shapes of the API."""

from typing import Any

from rest_framework import serializers

from portals.bitrix24.payloads import DialogId, PayloadError
from widget.access import Claim
from widget.models import Note
from widget.notes import TEXT_LIMIT


class AuthorSerializer(serializers.Serializer[Note]):
    """Who wrote a note: a Bitrix24 user."""

    id = serializers.IntegerField(source="author_id")
    name = serializers.CharField(source="author_name")


class NoteSerializer(serializers.ModelSerializer[Note]):
    """A note; ``html`` is sanitised."""

    author = AuthorSerializer(source="*", read_only=True)
    text = serializers.CharField(max_length=TEXT_LIMIT)

    class Meta:
        model = Note
        fields = ("id", "text", "html", "author", "version", "created_at", "updated_at")
        read_only_fields = ("id", "html", "version", "created_at", "updated_at")


class NoteEditSerializer(serializers.Serializer[Note]):
    """An edit names the version it started from."""

    text = serializers.CharField(max_length=TEXT_LIMIT)
    version = serializers.IntegerField(min_value=1)


class NotePageSerializer(serializers.Serializer[Any]):
    """A page of notes, newest first; ``next`` is the address of the next one."""

    results = NoteSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class SessionRequestSerializer(serializers.Serializer[Any]):
    """Fresh auth of the parent window, traded for a session."""

    member_id = serializers.RegexField(r"^[0-9a-fA-F]{32}$")
    access_token = serializers.CharField(max_length=512)
    dialog_id = serializers.CharField(max_length=32)

    def claim(self) -> Claim:
        """The proof to ask for; call after ``is_valid``."""
        data = self.validated_data
        return Claim(data["member_id"].lower(), data["access_token"], data["dialog_id"], None)

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
