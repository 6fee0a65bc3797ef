"""How the API reads a body."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import UnreadablePostError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.utils.json import strict_constant


class StrictJSONParser(BaseParser):
    """JSON in UTF-8 within Django's limit of size; DRF's own reads any amount, and as deep as it nests."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises: ParseError, RequestDataTooBig."""
        if parser_context is None:
            raise ParseError
        try:
            body: bytes = parser_context["request"].body
            return json.loads(body.decode(), parse_constant=strict_constant)
        except (ValueError, RecursionError, UnreadablePostError):
            raise ParseError from None
