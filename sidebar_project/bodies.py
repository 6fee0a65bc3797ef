"""What a request may bring, whoever reads it: text in UTF-8, and no files."""

import codecs
from collections.abc import Callable
from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def utf8_only(get_response: Handler) -> Handler:
    """Middleware: refuse other encodings with 415.

    Python knows some that are no text encodings (``rot13``, ``zlib``): Django and DRF would fail on them, or unpack
    a body far beyond any limit of its size.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        if request.encoding is not None and codecs.lookup(request.encoding).name != "utf-8":
            return HttpResponse("Only UTF-8.", status=415, content_type="text/plain")
        return get_response(request)

    return handle


class NoFiles(FileUploadHandler):
    """No page of ours takes a file, so nobody fills our disk with them."""

    def new_file(self, *_: Any, **__: Any) -> NoReturn:
        """Raises: RequestDataTooBig, before anything of the file is kept."""
        raise RequestDataTooBig("No page takes files.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never reached."""

    def file_complete(self, file_size: int) -> None:
        """Never reached."""
