# SPDX-License-Identifier: Apache-2.0
"""Reads JSON from a file value by value, so that no more than one of them stands in memory."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import IO, Any

from tieout.collectors.jsonl_text import no_json, unique
from tieout.errors import ContractError

MAX_VALUE_CHARACTERS = 16 * 1024 * 1024
"""A value longer than this is refused."""
DECODER = json.JSONDecoder(object_pairs_hook=unique, parse_constant=no_json)
"""Refuses what readers would differ in: a key named twice, and numbers that JSON does not have."""
_BLOCK = 1024 * 1024
_ADVICE = "Nothing lands for this window. It may be truncated: export it again."
_SPACE = " \t\r\n"


class JsonStream:
    """Reads JSON value by value, so that no more than one object stands in memory."""

    def __init__(self, raw: IO[bytes], origin: str, advice: str = _ADVICE) -> None:
        """Read from the beginning of ``raw``; errors call it ``origin``, and say what to do."""
        self._raw, self._origin, self._advice = raw, origin, advice
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._lines, self._ended = "", 0, 1, False
        self._number = 0

    def list(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Read a list of objects, and yield each with its number.

        Raises:
            ContractError: What comes is no list, or holds something else.
        """
        self.expect("[")
        while self._peek() != "]":
            if self._number:
                self.expect(",")
            self._number += 1
            found = self._value()
            if not isinstance(found, dict):
                raise self.broken("expected an object, got something else")
            yield self._number, found
        self.expect("]")

    def members(self, streamed: str) -> Iterator[tuple[str, Any]]:
        """Read an object, and yield its names with their values; the caller reads that of ``streamed`` itself, by `list`.

        Raises:
            ContractError: What comes is no object.
        """
        self.expect("{")
        first = True
        while self._peek() != "}":
            if not first:
                self.expect(",")
            first = False
            name = self._value()
            self.expect(":")
            yield name, None if name == streamed else self._value()
        self.expect("}")

    def expect(self, mark: str) -> None:
        """Pass over a mark; an empty one is the end of the file.

        Raises:
            ContractError: Something else comes.
        """
        got = self._peek()
        if got != mark:
            raise self.broken(f"expected {repr(mark) if mark else 'the end'}, got {repr(got) if got else 'the end'}")
        self._at += len(mark)

    def _peek(self) -> str:
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if len(self._text) - self._at <= MAX_VALUE_CHARACTERS and self._more():
                    continue
                reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error) or type(error).__name__
                raise self.broken(f"no JSON: {reason}") from error
            if end < len(self._text) or not self._more():  # a number may go on in the next block
                self._at = end
                return value

    def _more(self) -> bool:
        if self._ended:
            return False
        block = self._raw.read(_BLOCK)
        try:
            text = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise self.broken("no UTF-8") from error
        if not block:
            self._ended = True
            return False
        self._lines += self._text.count("\n", 0, self._at)
        self._text, self._at = self._text[self._at :] + text, 0
        return True

    def broken(self, reason: str) -> ContractError:
        """Return an error that says where reading stands."""
        line = self._lines + self._text.count("\n", 0, self._at)
        return ContractError(f"{self._origin}: object {self._number}, line {line}: {reason}. {self._advice}".rstrip())
