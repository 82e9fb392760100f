# SPDX-License-Identifier: Apache-2.0
r"""Selections: which rows of a population an auditor looks at. Pure.

1. The auditor's own: row numbers or keys from the auditor's tool. Exactly those, in the auditor's order; one that is not there is
   said to be not there, and none takes its place.
2. Drawn, as an option: the population is sealed before the seed exists (commit), the seed comes from the auditor (reveal), and
   the rows follow from both (`draw`). `VERIFY.md` has the same in ten lines of Python.

A row's number is its place in the population, in key order, from 1: the first column of the CSV and the XLSX.

The draw: rows are ranked by the SHA-256, in hexadecimal, over ``<seed>\n<seal>\n<number>`` in UTF-8, and the first of them are
taken. Every row has the same chance, and a larger selection holds every row of a smaller one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import rfc8785

from tieout.errors import ConfigurationError

VERSION = 1
LEAST_SEED = 8
"""Characters of a seed: a shorter one could be tried out."""


class Method(StrEnum):
    """How rows are chosen."""

    AUDITORS_OWN = "auditor's own"
    RANDOM = "random"
    STRATIFIED = "stratified by window"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPopulation:
    """A population of a period as it was sealed: what it consists of, so that a change of one row changes the seal.

    Attributes:
        control: The control.
        system: The system.
        evidence_type: Of the rows.
        observation_period: The period.
        first_day: First day that its rows cover, local to the program, as ISO text.
        last_day: Last day.
        rows: How many rows.
        rows_sha256: Their row hash (`tieout.evidence.rowhash`), in key order.
        windows: Rows of each window, by its key, in order.
        landings: Landings that the rows are of, in order.
    """

    control: str
    system: str
    evidence_type: str
    observation_period: str
    first_day: str
    last_day: str
    rows: int
    rows_sha256: str
    windows: Mapping[str, int]
    landings: tuple[str, ...]

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "version": VERSION,
            "control": self.control,
            "system": self.system,
            "evidence_type": self.evidence_type,
            "observation_period": self.observation_period,
            "first_day": self.first_day,
            "last_day": self.last_day,
            "rows": self.rows,
            "rows_sha256": self.rows_sha256,
            "windows": dict(self.windows),
            "landings": list(self.landings),
        }

    @property
    def seal(self) -> str:
        """SHA-256 of the RFC 8785 bytes of `as_document`, in hexadecimal."""
        return hashlib.sha256(rfc8785.dumps(self.as_document())).hexdigest()


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an auditor's own list came to.

    Attributes:
        numbers: Row numbers that are there, in the auditor's order.
        not_there: What was asked for and is no row of the population, as it was written.
        twice: What was asked for more than once.
    """

    numbers: tuple[int, ...]
    not_there: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()


def choose_numbers(asked: Sequence[str], rows: int) -> Chosen:
    """Return the rows of an auditor's row numbers: exactly those.

    Args:
        asked: As the auditor wrote them.
        rows: How many rows the population has.
    """
    found: dict[int, None] = {}
    absent = []
    for text in asked:
        number = int(text) if text.isascii() and text.isdigit() else 0
        if 1 <= number <= rows:
            found[number] = None
        else:
            absent.append(text)
    return Chosen(tuple(found), tuple(absent), _twice(asked))


def choose_keys(asked: Sequence[str], numbers: Mapping[str, int]) -> Chosen:
    """Return the rows of an auditor's keys: exactly those.

    Args:
        asked: As the auditor wrote them.
        numbers: Row number of each key.
    """
    found = dict.fromkeys(numbers[each] for each in asked if each in numbers)
    return Chosen(tuple(found), tuple(each for each in asked if each not in numbers), _twice(asked))


def _twice(asked: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text, count in Counter(asked).items() if count > 1)


def draw(seal: str, seed: str, numbers: Iterable[int], size: int) -> tuple[int, ...]:
    """Return the rows that a seed draws, ascending; all where there are no more.

    Args:
        seal: Of the population.
        seed: The auditor's, which nobody knew when the population was sealed.
        numbers: Rows that are drawn from.
        size: How many.

    Raises:
        ConfigurationError: The seed is too short, or nothing is to be drawn.
    """
    if len(seed.strip()) < LEAST_SEED or seed != seed.strip() or "\n" in seed:
        msg = f"seed: expected at least {LEAST_SEED} characters on one line, without blanks around them, got {len(seed)}."
        raise ConfigurationError(msg)
    if size < 1:
        msg = f"size: expected at least 1, got {size}."
        raise ConfigurationError(msg)
    ranked = sorted(numbers, key=lambda number: (hashlib.sha256(f"{seed}\n{seal}\n{number}".encode()).hexdigest(), number))
    return tuple(sorted(ranked[:size]))


def draw_stratified(seal: str, seed: str, windows: Mapping[str, Sequence[int]], sizes: Mapping[str, int]) -> tuple[int, ...]:
    """Return the rows that a seed draws of each window, ascending.

    Args:
        seal: Of the population.
        seed: The auditor's.
        windows: Row numbers of each window.
        sizes: How many of each; a window that is not named gives none.

    Raises:
        ConfigurationError: As `draw`, or a window is named that there is not.
    """
    if strange := sorted(sizes.keys() - windows.keys()):
        msg = f"sizes: expected windows of the population, got {', '.join(strange)}. Windows: {', '.join(windows)}."
        raise ConfigurationError(msg)
    found = [number for key, size in sizes.items() if size for number in draw(seal, seed, windows[key], size)]
    return tuple(sorted(found))


def share(windows: Mapping[str, int], size: int) -> dict[str, int]:
    """Return how many rows of each window a selection of a size takes: in proportion, and at least one of each that has any.

    What is left over by rounding goes to the windows with the largest remainders, of equals to the earlier one.

    Raises:
        ConfigurationError: There are more windows with rows than the size.
    """
    filled = {key: rows for key, rows in windows.items() if rows}
    if size < len(filled):
        msg = f"size: expected at least {len(filled)}, one for each window with rows, got {size}."
        raise ConfigurationError(msg)
    total = sum(filled.values())
    if size >= total:
        return dict(filled)
    exact = {key: rows * size / total for key, rows in filled.items()}
    given = {key: max(1, min(filled[key], int(each))) for key, each in exact.items()}
    order = list(filled)
    while sum(given.values()) < size:
        open_now = [key for key in order if given[key] < filled[key]]
        given[max(open_now, key=lambda key: (exact[key] - given[key], -order.index(key)))] += 1
    while sum(given.values()) > size:
        large = [key for key in order if given[key] > 1]
        given[min(large, key=lambda key: (exact[key] - given[key], order.index(key)))] -= 1
    return given
