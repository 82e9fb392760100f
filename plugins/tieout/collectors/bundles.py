# SPDX-License-Identifier: Apache-2.0
"""Keeps the answers to many small requests together: a raw page of JSON lines, each with its request and its answer.

A population of which each row takes a request of its own would otherwise make an object of each answer, and each would be locked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import pyarrow as pa

from tieout.collectors.frame import Frame

T = TypeVar("T")
MAX_BYTES = 8 * 1024 * 1024
"""A page is kept once its answers are together as large as this."""
MEDIA_TYPE = "application/x-ndjson"


class Bundle:
    """The answers of one extraction that are not yet kept.

    Args:
        frame: The extraction's frame, which keeps them.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._lines: list[bytes] = []
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether it is time to `keep` them."""
        return self._bytes >= MAX_BYTES

    def add(self, request: str, answer: bytes) -> None:
        """Add an answer that is JSON.

        Args:
            request: What was asked, without a credential.
            answer: As received; its line breaks, which JSON has between its tokens only, become blanks.
        """
        line = b'{"request": %b, "answer": %b}\n' % (json.dumps(request).encode(), b" ".join(answer.split(b"\n")))
        self._lines.append(line)
        self._bytes += len(line)

    def keep(self) -> Iterator[Any]:
        """Keep what was added as one raw page, and return the answers as captured, in order; nothing keeps none.

        Raises:
            ContractError: As `Frame.capture`.
        """
        if not self._lines:
            return iter(())
        lines, self._lines, self._bytes = self._lines, [], 0  # first: what can not be captured is not tried again
        page = self._frame.capture(iter(lines), ".jsonl", MEDIA_TYPE)
        with pa.input_stream(str(page), compression="zstd") as stored:
            captured = stored.read().splitlines()
        return (json.loads(line)["answer"] for line in captured)  # one after the other: together they take ten times the bytes


def kept_together(frame: Frame, answers: Iterable[tuple[T, str, bytes]]) -> Iterator[tuple[T, Any]]:
    """Keep answers together as they come, and yield each as captured, in order.

    Args:
        frame: The extraction's frame, which keeps them.
        answers: What each is about, its request without a credential, and its JSON as received.

    Raises:
        Exception: What ``answers`` raises, once the answers until then are kept.
    """
    bundle, about = Bundle(frame), []
    try:
        for each, request, answer in answers:
            bundle.add(request, answer)
            about.append(each)
            if bundle.is_full:
                yield from zip(about, bundle.keep(), strict=True)
                about = []
    except Exception:
        bundle.keep()
        raise
    yield from zip(about, bundle.keep(), strict=True)
