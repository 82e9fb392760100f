# SPDX-License-Identifier: Apache-2.0
"""The frame around every collector: connections, raw pages, counts, and what else the IPE record has to say.

A collector is ``collect(frame) -> Iterator[pa.Table]`` in ``tieout/collectors/<source>_<noun>.py``. It

1. captures what the source gives with `Frame.capture`, byte for byte or with person ids in place of e-mail addresses, and reads
   rows from what was captured;
2. states its request (`Frame.state`) and what the source says it holds (`Frame.count`), before its last batch;
3. yields rows: the contract's columns as text, and `POSITION_COLUMN`.

`tieout.collectors.extraction` then keeps the rows of the window, counts what it leaves out, and writes the IPE record. Everything
passes through files in a work folder: memory holds one batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from tieout.collectors.ipe import (
    MAX_KEYS,
    Attempt,
    ClockOffset,
    Count,
    Drop,
    RawPage,
    SecondCount,
    SourceStatement,
    Unmet,
)
from tieout.collectors.pages import stored_suffix, write_page
from tieout.collectors.reach import NoReach, Reach
from tieout.collectors.redaction import Redactor
from tieout.criteria.periods import Window
from tieout.criteria.systems import SystemSource
from tieout.documents import Document, mistakes_in
from tieout.errors import ConfigurationError, ContractError, ExtractionRefused, SourceUnavailable
from tieout.persons import load_person_key
from tieout.settings import Settings

SNAPSHOT_DAYS = 7
"""So many days after a window's end, what stands then may be taken for what stood at its end."""
_BLOCK = 1024 * 1024
Clock = Callable[[], datetime]
"""Tells the time, UTC."""
T = TypeVar("T")
M = TypeVar("M", bound=Document)


def _nothing_before() -> dict[str, Any] | None:
    return None


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Frame:
    """What a collector works with."""

    settings: Settings
    source: SystemSource
    window: Window
    folder: Path
    """Work folder of this extraction; the raw pages stand in it under their names in the bucket."""
    reach: Reach = field(default_factory=NoReach)
    """Hands out connections by name."""
    previous: Callable[[], dict[str, Any] | None] = _nothing_before
    """Returns the IPE record of the last landing of this control and system, as its manifest has it; ``None`` if none."""
    clock: Clock = _now
    sleep: Callable[[float], None] = time.sleep
    pages: list[RawPage] = field(default_factory=list)
    statement: SourceStatement | None = None
    source_total: Count | None = None
    second_count: SecondCount | None = None
    drops: list[Drop] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    clock_offset: ClockOffset | None = None
    source_rules: list[Unmet] = field(default_factory=list)
    redactor: Redactor | None = field(init=False)
    """Replaces e-mail addresses by person ids; ``None`` where the settings name no identity key."""

    def __post_init__(self) -> None:
        key = self.settings.identity_key
        self.redactor = Redactor(load_person_key(key)) if key else None

    def parameter(self, name: str, kind: type[T], default: T | None = None) -> T:
        """Return a parameter of the system's YAML.

        Raises:
            ConfigurationError: It is absent and has no default, or is of another type.
        """
        value = self.source.parameters.get(name, default)
        if not isinstance(value, kind):
            msg = f"system {self.source.system!r}: parameter {name!r}: expected {kind.__name__}, got {value!r}."
            raise ConfigurationError(msg)
        return value

    def parameters(self, model: type[M]) -> M:
        """Return all parameters of the system's YAML, as a collector's model states them.

        Raises:
            ConfigurationError: One line for each that is wrong.
        """
        try:
            return model.model_validate(self.source.parameters)
        except ValidationError as error:
            found = mistakes_in(model, error)
            lines = (f"system {self.source.system!r}: parameters.{'.'.join(map(str, at))}: {text}" for at, text in found)
            raise ConfigurationError("\n".join(lines)) from error

    def path(self, name: str) -> Path:
        """Return a parameter that is a path; a relative one starts at the project's folder."""
        return self.settings.resolve(self.parameter(name, str))

    def capture(self, chunks: Iterator[bytes], suffix: str, media_type: str, *, compress: bool = True) -> Path:
        """Keep one page as the source gives it, and return the file it was kept in.

        Where person ids are on, each e-mail address becomes its person's id before anything is written, and a gzip page is
        stored as zstd: read rows from the returned file, whose suffix says which it is.

        Args:
            chunks: The page, piece by piece.
            suffix: Of the page's file name, without compression: ``.csv``.
            media_type: Of the page as received.
            compress: Whether to store it zstd-compressed; what is compressed already is stored as it came.

        Raises:
            SourceUnavailable: Reading the source failed.
            ContractError: The stored page would be larger than `MAX_PAGE_BYTES`; or person ids are on, and addresses in it
                can not be found.
        """
        redacts = self.redactor is not None
        name = f"page-{len(self.pages):05}{stored_suffix(suffix, compress=compress, redacts=redacts)}"
        origin, target = f"system {self.source.system!r}", self.folder / name
        page, problem = write_page(chunks, target, media_type, origin, self.redactor, compress=compress)
        self.pages.append(page)
        if problem:
            msg = f"{origin}: the page's compression ends early or is broken ({problem}). It looks truncated: export it again."
            raise ContractError(msg)
        return target

    def as_captured(self, text: str) -> str:
        """Return a text as it stands in a captured page: with person ids for e-mail addresses, where they are on."""
        return text if self.redactor is None else self.redactor.text(text)

    def state(self, statement: SourceStatement) -> None:
        """State the source and the request."""
        self.statement = statement

    def count(self, total: Count, second: SecondCount) -> None:
        """State how many rows the source holds, counted twice."""
        self.source_total, self.second_count = total, second

    def drop(self, reason: str, keys: Sequence[str]) -> None:
        """State rows that the source holds and the collector left out on purpose, by key; they count as read."""
        at = next((place for place, drop in enumerate(self.drops) if drop.reason == reason), None)
        if at is None:
            self.drops.append(Drop(reason, len(keys), tuple(keys[:MAX_KEYS])))
            return
        before = self.drops[at]
        room = MAX_KEYS - len(before.keys)
        self.drops[at] = Drop(reason, before.rows + len(keys), (*before.keys, *keys[:room]) if room else before.keys)

    def as_of_the_end(self) -> datetime:
        """Return the instant that a source which shows only what stands now is read for: the window's last second, UTC.

        What stands now says something about then only while that is not long ago, `SNAPSHOT_DAYS` at most. Rows that are
        placed by this instant state beside it when they were really read.

        Raises:
            ExtractionRefused: The window ended longer ago.
        """
        ended = self.clock() - self.window.end
        if ended > timedelta(days=SNAPSHOT_DAYS):
            msg = (
                f"window {self.window.key!r}: system {self.source.system!r} shows only what stands now, and the window ended "
                f"{ended.days} days ago: expected at most {SNAPSHOT_DAYS}. What stood then can not be read any more; the window "
                f"stays on record as not extracted."
            )
            raise ExtractionRefused(msg)
        return self.window.end - timedelta(seconds=1)

    def asked_again(self, answer: str, waited_seconds: float) -> None:
        """State an answer that was no usable page, such as ``HTTP 429``, and how long it was waited before asking again."""
        before = next((each for each in self.attempts if each.answer == answer), Attempt(answer, 0, 0.0))
        now = Attempt(answer, before.count + 1, before.waited_seconds + waited_seconds)
        self.attempts = [each for each in self.attempts if each.answer != answer] + [now]


def file_chunks(path: Path) -> Iterator[bytes]:
    """Read a file piece by piece.

    Raises:
        SourceUnavailable: It can not be opened.
    """
    try:
        with path.open("rb") as file:
            while chunk := file.read(_BLOCK):
                yield chunk
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}. Put the file there, or correct the path in the control's YAML."
        raise SourceUnavailable(msg) from error
