"""A chat's own templates of notes."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from widget.api.endpoints import NotesView, validated
from widget.api.problems import Problem
from widget.api.schema import BODY, answers
from widget.api.serializers import AuthorSerializer, TextField
from widget.models import NoteTemplate
from widget.notebook import templates


class TemplateSerializer(serializers.ModelSerializer[NoteTemplate]):
    """A template: what a new note may begin as. ``title`` names it; there is one of a name."""

    author = AuthorSerializer(source="*", read_only=True)
    title = TextField(max_length=templates.TITLE)
    text = TextField()

    class Meta:
        model = NoteTemplate
        fields = ("id", "title", "text", "author")
        read_only_fields = ("id",)
        validators: list[Any] = []

    def validate_title(self, title: str) -> str:
        """One line."""
        return " ".join(title.split())


class TemplatesSerializer(serializers.Serializer[Any]):
    """All of a chat, by name."""

    results = TemplateSerializer(many=True)


class _View(NotesView):
    def handle_exception(self, exc: Exception) -> Response:
        match exc:
            case templates.NoSuchTemplate():
                exc = NotFound(_("This template was deleted."), "template_gone")
            case templates.TooMany():
                exc = Problem(409, "too_many_templates", _("Delete another template first."))
        return super().handle_exception(exc)


class Templates(_View):
    """The templates of the chat, beside those that every chat has."""

    @extend_schema(operation_id="templates_list", responses=answers(403, ok=TemplatesSerializer))
    def get(self, request: Request) -> Response:
        return Response(TemplatesSerializer({"results": templates.of_chat(self.session)}).data)

    @extend_schema(request=TemplateSerializer, responses=answers(*BODY, 403, 409, created=TemplateSerializer))
    def post(self, request: Request) -> Response:
        """A new one; if its title is taken, under the next number."""
        made = validated(TemplateSerializer(data=request.data))
        template = templates.keep(self.session, made["title"], made["text"])
        return Response(TemplateSerializer(template).data, status=201)


class TemplateDetail(_View):
    """One template of the chat."""

    @extend_schema(responses=answers(403, 404, empty=None))
    def delete(self, request: Request, template_id: int) -> Response:
        templates.delete(self.session, template_id)
        return Response(status=204)
