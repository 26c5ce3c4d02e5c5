"""What people send: fields and files of a form, under limits."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import python_multipart
from python_multipart.exceptions import FormParserError
from starlette.requests import Request

from tocsin.errors import TocsinError
from tocsin.server.pages.messages import say_what_failed
from tocsin.server.problems import RequestError

_FIELDS = 2000
_PLAIN = "application/x-www-form-urlencoded"


class Upload(msgspec.Struct, frozen=True):
    """A file that was sent: the name that the browser gave, which means nothing, and its bytes."""

    name: str
    content: bytes


class Form(msgspec.Struct, frozen=True):
    """Fields by name, each with all its values, and files."""

    fields: dict[str, list[str]] = {}
    files: dict[str, list[Upload]] = {}

    def one(self, name: str, default: str = "") -> str:
        """Return the value of a field that stands once; the last, where it stands more often."""
        return self.fields.get(name, [default])[-1].strip()

    def many(self, name: str) -> list[str]:
        """Return all values of a field."""
        return self.fields.get(name, [])


def parse(request: Request, body: bytes) -> Form:
    """Return the form in a body.

    Raises:
        RequestError: 415 another media type; 400 it is not what it claims to be, or has too many fields.
    """
    kind = request.headers.get("content-type", _PLAIN if not body else "")
    try:
        if kind.partition(";")[0].strip().lower() == _PLAIN:
            return _plain(body)
        if kind.lower().startswith("multipart/form-data"):
            return _parted(kind, body)
    except (ValueError, UnicodeDecodeError, FormParserError) as error:
        raise RequestError(400, f"the form cannot be read: {error}"[:300]) from None
    raise RequestError(415, "send a form")


def in_words(error: TocsinError, language: str) -> str:
    """Return what is wrong with a form, and what to do, for showing it again beside what was typed."""
    said = (say_what_failed(language, each) for each in (str(error), error.hint()))
    return "; ".join(each for each in said if each)


def _plain(body: bytes) -> Form:
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS):
        fields.setdefault(name, []).append(_clean(value))
    return Form(fields)


def _parted(kind: str, body: bytes) -> Form:
    fields: dict[str, list[str]] = {}
    files: dict[str, list[Upload]] = {}
    count = 0

    def counted() -> None:
        nonlocal count
        count += 1
        if count > _FIELDS:
            raise ValueError(f"more than {_FIELDS} fields")

    def on_field(field: Any) -> None:
        counted()
        name = field.field_name.decode()
        fields.setdefault(name, []).append(_clean((field.value or b"").decode()))

    def on_file(file: Any) -> None:
        counted()
        file.file_object.seek(0)
        upload = Upload((file.file_name or b"").decode("utf-8", "replace"), file.file_object.read())
        if upload.name or upload.content:
            files.setdefault(file.field_name.decode(), []).append(upload)
        file.close()

    headers = {"Content-Type": kind.encode("latin-1"), "Content-Length": str(len(body)).encode()}
    python_multipart.parse_form(headers, io.BytesIO(body), on_field, on_file)
    return Form(fields, files)


def _clean(text: str) -> str:
    # browsers send line ends as CR LF; PostgreSQL takes no NUL, and nothing that is held has one
    return text.replace("\r\n", "\n").replace("\0", "�")
