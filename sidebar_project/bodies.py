"""What a request may bring, whoever reads it: text in UTF-8, and no files."""

import codecs
from collections.abc import Iterable
from typing import Any, NoReturn
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.http import parse_header_parameters


def utf8_only(application: WSGIApplication) -> WSGIApplication:
    """Refuse other encodings with 415, before Django makes a request of it.

    Python knows some that are no text encodings: Django fails on ``rot13``, and DRF would unpack ``zlib`` to a size
    beyond any limit.
    """

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        _, parameters = parse_header_parameters(environ.get("CONTENT_TYPE", ""))
        if _is_utf8(parameters.get("charset", "utf-8")):
            return application(environ, start_response)
        start_response("415 Unsupported Media Type", [("Content-Type", "text/plain")])
        return [b"Only UTF-8.\n"]

    return guarded


def _is_utf8(name: str) -> bool:
    try:
        return codecs.lookup(name).name == "utf-8"
    except (LookupError, ValueError):
        return False


class NoFiles(FileUploadHandler):
    """No page of ours takes a file, so nobody fills our disk with them."""

    def new_file(self, *_: Any, **__: Any) -> NoReturn:
        """Raises: RequestDataTooBig, before anything of the file is kept."""
        raise RequestDataTooBig("No page takes files.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never reached."""

    def file_complete(self, file_size: int) -> None:
        """Never reached."""
