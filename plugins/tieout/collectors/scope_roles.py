# SPDX-License-Identifier: Apache-2.0
"""Who holds the roles that a review of access needs, read from the scope file as of a window's end.

The file itself is the raw page. Systems have the owner that they had on the window's last day; who holds a role is what the file
says when it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

import pyarrow as pa

from tieout.collectors.evidence_columns import ROLE
from tieout.collectors.frame import Frame, file_chunks
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass, SourceStatement
from tieout.collectors.row_tables import Row, row_tables
from tieout.criteria.periods import Stem
from tieout.criteria.scope import Scope, load_scope
from tieout.documents import Document
from tieout.times import instant

CONTROL = "control"
"""What ``about`` says of a role that is about the control itself."""
_BLIND_SPOT = "The file says who holds a role, not since when; what it said before stands in the repository that it comes from."


class Parameters(Document):
    """Parameters of the system's YAML."""

    systems: tuple[Stem, ...]
    """Systems whose owners are asked for."""
    control: dict[Literal["owner", "reviewer", "sign_off"], str]
    """By capacity, the role that has it in the control."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the scope file, a row for each system or capacity and each person who holds its role.

    Raises:
        ConfigurationError: A parameter or the scope file is wrong.
    """
    given, path = frame.parameters(Parameters), frame.settings.scope_file
    scope = load_scope(path)
    frame.capture(file_chunks(path), ".yaml", "application/yaml")
    rows = list(_rows(frame, scope, given))
    frame.state(
        SourceStatement(
            kind="scope file of the program",
            location=str(path.relative_to(frame.settings.home)),
            account=None,
            query="systems with their owners, and owners of roles",
            parameters={"systems": " ".join(given.systems), **{str(name): role for name, role in given.control.items()}},
            credential="none: a file of this installation",
            read_only_proof="none: whoever deploys the program writes the file",
            blind_spots=(_BLIND_SPOT,),
        )
    )
    how = "systems and capacities asked for, each with everybody who holds its role"
    frame.count(Count(len(rows), how), SecondCount(len(rows), how, SecondCountClass.SAME_ENDPOINT))
    yield from row_tables(rows, ROLE)


def _rows(frame: Frame, scope: Scope, given: Parameters) -> Iterator[Row]:
    as_of = frame.window.end - timedelta(seconds=1)
    then = scope.as_of(scope.calendar.day_of(as_of))
    times = {"as_of": instant(as_of), "read_at": instant(frame.clock())}
    owners = {entry.system: entry.owner for entry in then.systems}
    asked = [(system, "owner", owners[system]) for system in given.systems if system in owners]
    asked += [(CONTROL, capacity, role) for capacity, role in given.control.items()]
    for about, capacity, role in asked:
        held = [frame.as_captured(entry.email) for entry in scope.owners if entry.role == role]
        for position, person in enumerate(held or [None], start=1):
            said = {"about": about, "capacity": capacity, "position": str(position), "role": role, "person": person}
            yield {**times, **said}
