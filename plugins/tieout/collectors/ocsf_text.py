# SPDX-License-Identifier: Apache-2.0
"""Reads a file of OCSF findings object by object, in the three forms in which tools write them.

A list (Prowler's ``json-ocsf``); an object whose ``Findings`` are the list (an answer of Security Hub's ``GetFindingsV2``); one
object per line (Security Hub's export jobs). Which one it is shows in the content, not in the name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from tieout.collectors.json_stream import DECODER, MAX_VALUE_CHARACTERS, JsonStream
from tieout.collectors.jsonl_text import MAX_LINE_BYTES, count_lines, numbered_lines, whole_page
from tieout.errors import ContractError

_LIST = "Findings"
_MORE = "NextToken"
_BLOCK = 1024 * 1024
# Strings are passed over whole; a quote alone is one that does not end in this block.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"|"|[\[\]{}]', re.DOTALL)


class Form(Enum):
    """How a file holds its findings; the value is the open brackets around one."""

    LIST = b"["
    RESPONSE = b"{["
    LINES = b""


@dataclass(frozen=True, slots=True)
class Findings:
    """A file of findings.

    Attributes:
        page: The captured file, compressed or not.
        origin: What errors call it.
        form: How it holds them.
        records: Findings, counted without the parser that reads them.
        how: How they were counted.
    """

    page: Path
    origin: str
    form: Form
    records: int
    how: str

    def objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each finding with its position: its line, or its number in the list.

        Raises:
            ContractError: Naming the first that is no object; or the file ends early, or is one page of several.
        """
        if self.form is Form.LINES:
            return self._lines()
        return self._listed()

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in numbered_lines(self.page, self.origin):
            yield number, _line(line, number, self.origin)

    def _listed(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with whole_page(self.page, self.origin) as raw:
            stream = JsonStream(raw, self.origin)
            yield from stream.list() if self.form is Form.LIST else _response(stream)
            stream.expect("")


def read_findings(page: Path, origin: str) -> Findings:
    """Tell a captured file's form, and count its findings.

    Args:
        page: The file.
        origin: What errors call it.

    Raises:
        ContractError: It is empty, no JSON, or its compression is broken.
    """
    form = _form(page, origin)
    if form is Form.LINES:
        return Findings(page, origin, form, count_lines(page, origin), "line ends in the file")
    how = "opening brackets of the list's objects, counted without a JSON parser"
    return Findings(page, origin, form, _count(page, origin, form.value), how)


def _form(page: Path, origin: str) -> Form:
    with whole_page(page, origin) as raw:
        first = raw.readline(MAX_LINE_BYTES).removeprefix(b"\xef\xbb\xbf")
        while first and not first.strip():
            first = raw.readline(MAX_LINE_BYTES)
    start = first.lstrip()[:1]
    if start == b"[":
        return Form.LIST
    if start != b"{":
        got = f"a file that begins with {first[:1]!r}" if first else "an empty file, which can not be told from a broken export"
        msg = f"{origin}: expected OCSF findings as JSON, got {got}. Nothing lands for this window. Export it again."
        raise ContractError(msg)
    try:
        return Form.RESPONSE if _LIST in json.loads(first) else Form.LINES
    except (ValueError, RecursionError):
        return Form.RESPONSE if len(first) == MAX_LINE_BYTES or _opens_a_response(first) else Form.LINES


def _opens_a_response(first: bytes) -> bool:
    return first.strip() == b"{" or f'"{_LIST}"'.encode() in first


def _count(page: Path, origin: str, under: bytes) -> int:
    found, stack, rest = 0, bytearray(), b""
    with whole_page(page, origin) as raw:
        while block := raw.read(_BLOCK):
            buffer, rest = rest + block, b""
            for match in _TOKENS.finditer(buffer):
                token = match.group()
                if token == b'"':
                    rest = buffer[match.start() :]
                    break
                if token in (b"{", b"["):
                    found += token == b"{" and stack == under
                    stack += token
                elif token in (b"}", b"]"):
                    del stack[-1:]
            if len(rest) > MAX_VALUE_CHARACTERS:
                msg = f"{origin}: a text is longer than {MAX_VALUE_CHARACTERS} bytes, or does not end. Export it again."
                raise ContractError(msg)
    return found


def _response(stream: JsonStream) -> Iterator[tuple[int, dict[str, Any]]]:
    names = []
    for name, value in stream.members(_LIST):
        names.append(name)
        if name == _LIST:
            yield from stream.list()
        elif name == _MORE and value:
            raise stream.broken(f"this is one page of several: {_MORE} names the next. Ask for all pages together")
    if names.count(_LIST) != 1:
        raise stream.broken(f"expected one list {_LIST!r}, got the keys {', '.join(map(str, names)) or 'none'}")


def _line(line: bytes, number: int, origin: str) -> dict[str, Any]:
    try:
        found = DECODER.decode(line.decode())
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
    else:
        if isinstance(found, dict):
            return found
        reason = "got something else"
    msg = (
        f"{origin}: line {number}: expected one finding as a JSON object on the line: {reason}. Nothing lands for this window. "
        f"Export the file again."
    )
    raise ContractError(msg)
