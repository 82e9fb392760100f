# SPDX-License-Identifier: Apache-2.0
"""Finds the record of a raw page that holds given values: a line of text, or the smallest object of a JSON document."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import pyarrow as pa

from tieout.errors import CannotCheck

_BLOCK = 8 * 1024 * 1024
_LONGEST_LINE = 64 * 1024 * 1024
MOST_JSON = 64 * 1024 * 1024
"""A larger JSON document is searched line by line."""
_SHOWN = 600


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """Where a record stands in a page, and its text, shortened."""

    where: str
    text: str


def plain_bytes(file: BinaryIO, name: str) -> BinaryIO:
    """Return a stored page's bytes, uncompressed as its name says it was compressed."""
    kind = {"zst": "zstd", "gz": "gzip"}.get(name.rpartition(".")[2])
    return cast(BinaryIO, io.BufferedReader(_Plain(pa.input_stream(file, compression=kind)))) if kind else file


class _Plain(io.RawIOBase):
    """An Arrow stream as a file of Python's: Arrow's own has no ``readinto`` for the last, shorter block."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def find_record(page: BinaryIO, media_type: str, values: Sequence[str], key: str) -> FoundRecord | None:
    """Return the first record of a page that holds all values, or ``None``.

    Args:
        page: Its plain bytes.
        media_type: As it was received.
        values: As the row has them; at least one.
        key: Of the page, for errors.

    Raises:
        CannotCheck: It can not be uncompressed, or a line of it is too long to be searched.
    """
    try:
        if "json" in media_type:
            head = page.read(MOST_JSON)
            if len(head) < MOST_JSON and (document := _parsed(head)) is not None:
                return _in_json(document, values)
            return _in_lines(_lines(_chained(head, page), key), values)
        return _in_lines(_lines(_pieces(page), key), values)
    except (OSError, pa.ArrowException) as error:
        msg = f"{key}: it can not be uncompressed ({error})."
        raise CannotCheck(msg) from error


def _parsed(data: bytes) -> Any:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):  # JSON lines, or no JSON after all: searched line by line
        return None
    return document if isinstance(document, (dict, list)) else None


def _in_json(document: Any, values: Sequence[str]) -> FoundRecord | None:
    """Return the smallest object or list whose values are the wanted ones, else the smallest whose text holds them."""
    for exact in (True, False):
        path, here = "$", document
        if not _holds(here, values, exact=exact):
            continue
        while True:
            inner = here.items() if isinstance(here, dict) else enumerate(here)
            for name, child in inner:
                if isinstance(child, (dict, list)) and _holds(child, values, exact=exact):
                    path, here = f"{path}.{name}" if isinstance(here, dict) else f"{path}[{name}]", child
                    break
            else:
                return FoundRecord(path, shortened(json.dumps(here, ensure_ascii=False), values))
    return None


def _holds(node: Any, values: Sequence[str], *, exact: bool) -> bool:
    texts = list(_leaves(node))
    if exact:
        return set(values) <= set(texts)
    return all(any(value in text for text in texts) for value in values)


def _leaves(node: Any) -> Iterator[str]:
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            waiting += here.values()
        elif isinstance(here, list):
            waiting += here
        elif here is not None:
            yield str(here)


def _pieces(page: BinaryIO) -> Iterator[bytes]:
    while piece := page.read(_BLOCK):
        yield piece


def _chained(head: bytes, page: BinaryIO) -> Iterator[bytes]:
    yield head
    yield from _pieces(page)


def _lines(pieces: Iterator[bytes], key: str) -> Iterator[bytes]:
    """Yield blocks of whole lines."""
    rest = b""
    for piece in pieces:
        block, found, tail = (rest + piece).rpartition(b"\n")
        if found:
            yield block + found
        rest = tail
        if len(rest) > _LONGEST_LINE:
            msg = f"{key}: a line is longer than {_LONGEST_LINE} bytes: it is not searched."
            raise CannotCheck(msg)
    if rest:
        yield rest


def _in_lines(blocks: Iterator[bytes], values: Sequence[str]) -> FoundRecord | None:
    wanted = [_written(value) for value in values]
    before = 0
    for block in blocks:
        if all(any(form in block for form in forms) for forms in wanted):
            for number, line in enumerate(block.splitlines(), before + 1):
                if all(any(form in line for form in forms) for forms in wanted):
                    return FoundRecord(f"line {number}", shortened(line.decode(errors="replace"), values))
        before += block.count(b"\n")
    return None


def _written(value: str) -> set[bytes]:
    """Return the forms that a value takes in CSV and in JSON lines."""
    forms = {value, value.replace('"', '""'), json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    return {form.encode() for form in forms}


def shortened(text: str, values: Sequence[str]) -> str:
    """Return a text, or the part of it around the first value, of at most some hundred characters."""
    if len(text) <= _SHOWN:
        return text
    start = max(0, text.find(values[0]) - _SHOWN // 2)
    end = start + _SHOWN
    return f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text) else ''}"
