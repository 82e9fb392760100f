# SPDX-License-Identifier: Apache-2.0
"""A submitted form with files, read within bounds, and nothing of it believed.

1. An uncompressed ``multipart/form-data`` of at most as many bytes as the form can take, whatever the request says of its length;
   reading stops at the first block beyond, or where it comes too slowly.
2. Fields and files of the form alone, as many as it takes; what a browser says of a file's type is not looked at.

An error says which of these was broken and never what stood there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from tieout.criteria.form_fields import ChoiceField, FileField
from tieout.criteria.forms import Form
from tieout.web.forms import TOKEN, BadForm

KIND = b"multipart/form-data"
READ_SECONDS = 600.0
"""How long a body with files may take to arrive."""
MAX_TEXT = 64 * 1024
"""Bytes of one text: the longest field in UTF-8, and the token."""
_AROUND = 64 * 1024
"""Bytes of headers and boundaries around fields and files."""
PREFIX = "f."
"""Before a field's id in the name of its control."""
_BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: the token, texts by field, and files by field as they came, with their names."""

    token: str
    texts: Mapping[str, list[str]] = field(repr=False)
    files: Mapping[str, list[UploadFile]] = field(repr=False)


def most_bytes(form: Form) -> int:
    """Return how many bytes a form can come in at most."""
    files = sum(each.most_files * each.most_bytes for each in form.fields if isinstance(each, FileField))
    return files + _most_texts(form) * MAX_TEXT + _AROUND


def _most_texts(form: Form) -> int:
    counts = (len(each.options) if isinstance(each, ChoiceField) and each.several else 1 for each in form.fields)
    return 1 + sum(counts)


@asynccontextmanager
async def read_form(
    headers: Iterable[tuple[bytes, bytes]], chunks: AsyncIterator[bytes], form: Form, seconds: float = READ_SECONDS
) -> AsyncIterator[Sent]:
    """Yield what was sent to a form; its files are gone when the context ends.

    Raises:
        BadForm: It is no such form, too long or too slow.
    """
    raw = list(headers)
    most = most_bytes(form)
    _check(raw, most)
    most_files = sum(
        each.most_files + 1 for each in form.fields if isinstance(each, FileField)
    )  # one too many is told at its field
    parser = MultiPartParser(
        Headers(raw=raw), _bounded(chunks, most), max_files=most_files, max_fields=_most_texts(form), max_part_size=MAX_TEXT
    )
    try:
        async with asyncio.timeout(seconds):
            found = await parser.parse()
    except TimeoutError:
        raise BadForm("too slow", 408) from None
    except (MultiPartException, KeyError, ValueError) as error:
        if isinstance(error, BadForm):
            raise
        raise BadForm("not a form with files") from None
    try:
        yield _sent(found, form)
    finally:
        await found.close()


def _check(headers: list[tuple[bytes, bytes]], most: int) -> None:
    said: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in (b"content-type", b"content-encoding", b"content-length"):
            if name in said:
                raise BadForm("a header twice")
            said[name] = value
    if said.get(b"content-type", b"").partition(b";")[0].strip().lower() != KIND:
        raise BadForm("not a form with files", 415)
    if b"content-encoding" in said:
        raise BadForm("compressed", 415)
    length = said.get(b"content-length", b"0")
    if not length.isdigit():
        raise BadForm("length")
    if len(length) > 12 or int(length) > most:
        raise BadForm("too long", 413)


async def _bounded(chunks: AsyncIterator[bytes], most: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise BadForm("too long", 413)
        yield chunk


def _sent(found: FormData, form: Form) -> Sent:
    takes_files = {f"{PREFIX}{each.id}": isinstance(each, FileField) for each in form.fields}
    texts: dict[str, list[str]] = {}
    files: dict[str, list[UploadFile]] = {}
    tokens = []
    for name, value in found.multi_items():
        if name == TOKEN and isinstance(value, str):
            tokens.append(value)
        elif takes_files.get(name) is True and isinstance(value, UploadFile):
            if value.filename or value.size:  # a browser sends an empty one where none was chosen
                files.setdefault(name.removeprefix(PREFIX), []).append(value)
        elif takes_files.get(name) is False and isinstance(value, str):
            texts.setdefault(name.removeprefix(PREFIX), []).append(value)
        else:
            raise BadForm("a field that is not on the page")
    if len(tokens) != 1:
        raise BadForm("no token, or two")
    return Sent(tokens[0], texts, files)


def blocks(upload: UploadFile) -> Iterator[bytes]:
    """Yield the bytes of a file as they came."""
    upload.file.seek(0)
    while block := upload.file.read(_BLOCK):
        yield block
