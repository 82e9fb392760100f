# SPDX-License-Identifier: Apache-2.0
"""Reads JSON lines as text: one object per line, whose values are no lists or objects; each is kept as it is written."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from tieout.collectors.csv_text import open_page
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ContractError

MAX_LINE_BYTES = 16 * 1024 * 1024
"""A line longer than this is refused: it would have to stand in memory."""
_ROWS = 20_000
_BLOCK = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class JsonLines:
    """A file of JSON lines.

    Attributes:
        page: The captured file, compressed or not.
        origin: What errors call it.
        columns: The keys that are read; where none were asked for, all that any line has.
        records: Lines, counted without the parser that reads them.
        how: How they were counted.
    """

    page: Path
    origin: str
    columns: tuple[str, ...]
    records: int
    how: str = "line ends in the file"

    def tables(self) -> Iterator[pa.Table]:
        """Read the rows batch by batch, as text, with `POSITION_COLUMN` (the line); at least one batch, be it empty.

        Raises:
            ContractError: Naming the line that is no object, or holds a list or an object in a column that is read; or the
                column that no line has.
        """
        objects = enumerate(self._objects(), 1)
        absent = set(self.columns)
        position = 1
        while batch := list(islice(objects, _ROWS)):
            rows = {name: [_text(row.get(name), name, number, self.origin) for number, row in batch] for name in self.columns}
            absent -= {name for name in absent if any(name in row for _, row in batch)}
            yield _table(rows, position, len(batch), self.origin)
            position += len(batch)
        if position == 1:
            yield _table({name: [] for name in self.columns}, 1, 0, self.origin)
        elif absent:
            msg = f"{self.origin}: no line has the key {sorted(absent)[0]!r}. Correct the parameter 'columns'."
            raise ContractError(msg)

    def _objects(self) -> Iterator[dict[str, Any]]:
        return (parsed_line(line, number, self.origin) for number, line in numbered_lines(self.page, self.origin))


def read_jsonl(page: Path, origin: str, wanted: Sequence[str] | None) -> JsonLines:
    """Count the lines of a captured file, and learn its keys where none are asked for.

    Args:
        page: ``.jsonl`` or ``.ndjson``, plain or compressed, UTF-8.
        origin: What errors call the file.
        wanted: Keys to read; ``None`` reads all.

    Raises:
        ContractError: Its compression is broken, a line is no object, or it is empty and nothing says which columns it has.
    """
    records = count_lines(page, origin)
    if wanted is not None:
        return JsonLines(page, origin, tuple(wanted), records)
    if not records:
        msg = f"{origin}: expected a line, got an empty file, which has no columns. Name them in the parameter 'columns'."
        raise ContractError(msg)
    keys: dict[str, None] = {}
    for number, line in numbered_lines(page, origin):
        keys.update(dict.fromkeys(parsed_line(line, number, origin)))
    return JsonLines(page, origin, tuple(keys), records)


def count_lines(page: Path, origin: str) -> int:
    """Count the lines of a captured file; a last one that does not end counts, because an object shows its own end.

    Raises:
        ContractError: The file's compression is broken.
    """
    ends, last = 0, b""
    with whole_page(page, origin) as raw:
        while block := raw.read(_BLOCK):
            ends, last = ends + block.count(b"\n"), block[-1:]
    return ends + (last not in (b"", b"\n"))


def numbered_lines(page: Path, origin: str) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a captured file with their numbers.

    Raises:
        ContractError: One is longer than `MAX_LINE_BYTES`, or the file's compression is broken.
    """
    with whole_page(page, origin) as raw:
        number = 0
        while line := raw.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                msg = f"{origin}: line {number}: expected at most {MAX_LINE_BYTES} bytes. Write one object per line."
                raise ContractError(msg)
            yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


@contextmanager
def whole_page(page: Path, origin: str) -> Iterator[IO[bytes]]:
    """Open a captured page; what is wrong with its compression becomes one clear error.

    Raises:
        ContractError: The file's compression is broken.
    """
    try:
        with open_page(page) as raw, io.BufferedReader(cast(io.RawIOBase, raw)) as buffered:
            yield buffered
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{origin}: the file's compression ends early or is broken ({error}). It looks truncated: export it again."
        raise ContractError(msg) from error


def parsed_line(line: bytes, number: int, origin: str) -> dict[str, Any]:
    """Return the object of one line; its numbers are texts, as they are written.

    Raises:
        ContractError: It is no object, or names a key twice.
    """
    try:
        found = json.loads(line.decode(), object_pairs_hook=unique, parse_int=str, parse_float=str, parse_constant=no_json)
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at column {error.colno}"
    except UnicodeDecodeError as error:
        reason = f"no UTF-8: byte 0x{line[error.start]:02x}"
    except (ValueError, RecursionError) as error:
        reason = str(error) or type(error).__name__
    else:
        if isinstance(found, dict):
            return found
        reason = f"got {_KINDS.get(type(found), 'a number or text')}"
    msg = (
        f"{origin}: line {number}: expected one JSON object on the line, {reason}. Nothing lands for this window. Correct the "
        f"line, or export the file again."
    )
    raise ContractError(msg)


_KINDS: dict[type, str] = {list: "a list", dict: "an object", bool: "true or false", type(None): "null"}


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of which no key is named twice.

    Raises:
        ValueError: One is: readers would differ in which value they take.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        msg = f"key {next(name for name in names if names.count(name) > 1)!r} is named twice"
        raise ValueError(msg)
    return found


def no_json(constant: str) -> str:
    """Refuse what Python takes for a number and JSON does not.

    Raises:
        ValueError: Always.
    """
    msg = f"{constant} is no JSON number"
    raise ValueError(msg)


def _text(value: Any, name: str, number: int, origin: str) -> str | None:
    if value is None or value.__class__ is str:
        return value
    if value.__class__ is bool:
        return "true" if value else "false"
    msg = (
        f"{origin}: line {number}: column {name!r}: expected a text, number, true, false or null, got {_KINDS[type(value)]}. "
        f"Nothing lands for this window. Export it flat, or leave it out with the parameter 'columns'."
    )
    raise ContractError(msg)


def _table(columns: dict[str, list[str | None]], start: int, rows: int, origin: str) -> pa.Table:
    try:
        arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    except UnicodeEncodeError as error:
        msg = (
            f"{origin}: lines {start} to {start + rows - 1}: a text holds half a character (\\ud800 to \\udfff). Export it again."
        )
        raise ContractError(msg) from error
    return pa.table({**arrays, POSITION_COLUMN: pa.array(range(start, start + rows), pa.int64())})
