# SPDX-License-Identifier: Apache-2.0
"""Answers are kept together, a page at a time, and each comes back with what it is about."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa
import pytest
from tests.unit.collectors.frames import FrameFactory

from tieout.collectors import bundles
from tieout.collectors.bundles import kept_together
from tieout.collectors.frame import Frame


def pages(frame: Frame) -> list[list[dict[str, object]]]:
    """Return the lines of each raw page."""
    found = []
    for page in frame.pages:
        with pa.input_stream(str(frame.folder / page.name), compression="zstd") as stored:
            found.append([json.loads(line) for line in stored.read().splitlines()])
    return found


def test_a_page_is_kept_once_it_is_large_and_the_rest_at_the_end(frame_of: FrameFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MAX_BYTES", 60)
    frame = frame_of()
    answers = ((number, f"GET /{number}", b'{"n":\n%d}' % number) for number in range(3))
    assert list(kept_together(frame, answers)) == [(number, {"n": number}) for number in range(3)]
    lines = [{"request": f"GET /{number}", "answer": {"n": number}} for number in range(3)]
    assert pages(frame) == [lines[:2], lines[2:]]


def test_no_answer_keeps_no_page(frame_of: FrameFactory) -> None:
    frame = frame_of()
    assert list(kept_together(frame, iter(()))) == []
    assert frame.pages == []


def test_what_came_before_an_error_is_kept(frame_of: FrameFactory) -> None:
    def answers() -> Iterator[tuple[int, str, bytes]]:
        yield 1, "GET /1", b"{}"
        raise OSError("gone")

    frame = frame_of()
    with pytest.raises(OSError, match="gone"):
        list(kept_together(frame, answers()))
    assert pages(frame) == [[{"request": "GET /1", "answer": {}}]]
