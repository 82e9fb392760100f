# SPDX-License-Identifier: Apache-2.0
"""Proof of what a review decided: the entitlements as they were frozen, held against those that were collected again.

1. Gone is *removed*; there with the same is *still there*; there with other values, or under another name, is *changed*.
2. Without a second collection, or with one that stands for no later time, nothing is determinable.
3. A list shows what stood at one time. Absent by the time it was due, an access was taken away in time; absent later, nobody can
   tell. Present before it was due, it may have gone since; present then or later, it was not taken away in time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tieout.campaigns.items import row_sha256
from tieout.contracts.odcs import Contract
from tieout.reviews.landed import opened, run, statements
from tieout.reviews.terms import active_words

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Key = tuple[str, str, str]
"""System, account and entitlement."""
_BATCH = 5_000
_TELLING = frozenset({"entitlement", "holder", "account_kind", "account_status", "privileged"})
"""Columns in which a change that somebody decided on shows; another time of grant or second factor alone is none."""
_SECOND = timedelta(seconds=1)


class ProofState(StrEnum):
    """What a second collection shows of an entitlement."""

    REMOVED = "removed"
    STILL_THERE = "still there"
    CHANGED = "changed"
    NOT_DETERMINABLE = "not determinable"


@dataclass(frozen=True, slots=True)
class SecondList:
    """The second collection of a system.

    Attributes:
        as_of: The time that it stands for, UTC.
        read_at: When it was really read, UTC.
    """

    as_of: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of one entitlement.

    Attributes:
        system: Where.
        account: Id of the account.
        entitlement: As it was frozen.
        state: What the second collection shows.
        changed: Columns that differ, ``entitlement`` among them where it has another name.
        usable: Whether the account can be used now; ``None`` where that is not told.
        before_sha256: Hash of the row as it was frozen (`tieout.campaigns.items.row_sha256`).
        after_sha256: Hash of the row now; ``None`` where there is none.
        second: The second collection; ``None`` where it tells nothing.
    """

    system: str
    account: str
    entitlement: str
    state: ProofState
    changed: tuple[str, ...]
    usable: bool | None
    before_sha256: str
    after_sha256: str | None
    second: SecondList | None

    def carried_out(self, decision: str) -> bool | None:
        """Return whether a decision is carried out, whenever that was; ``None`` where it can not be told.

        A revoke is, where the entitlement is gone, or the account can no longer be used; a change, where it is gone or another.
        """
        if decision == "keep":
            return True
        if self.state is ProofState.NOT_DETERMINABLE:
            return None
        if self.state is not ProofState.CHANGED:
            return self.state is ProofState.REMOVED
        if decision == "revoke":
            ended = None if self.usable is None else not self.usable
            return ended if "account_status" in self.changed else False
        return True if _TELLING & set(self.changed) else None

    def carried_out_in_time(self, decision: str, due_at: datetime) -> bool | None:
        """Return whether a decision is proven carried out before it was due; ``None`` where that can not be told."""
        done = self.carried_out(decision)
        if decision == "keep" or done is None or self.second is None:
            return done
        if done:
            return None if self.second.as_of >= due_at else True
        return None if self.second.as_of < due_at - _SECOND else False


def prove(
    before: Sequence[Path],
    after: Sequence[Path],
    contract: Contract,
    seconds: Mapping[str, SecondList],
    words: Mapping[str, Sequence[str]],
    folder: Path,
    wanted: Iterable[Key] | None = None,
) -> Iterator[Proof]:
    """Yield the proof of entitlements that were frozen, by system, account and entitlement.

    Args:
        before: Landed files of the entitlements, all systems.
        after: Landed files of what was collected again.
        contract: Of both.
        seconds: The second collection of each system that has one, also one without rows.
        words: By system, statuses of an account that can be used, as the control's file names them.
        folder: Work folder for what does not fit in memory.
        wanted: Those that are asked about; ``None`` for all of them.
    """
    views = {"access_rows": (contract, before), "again_rows": (contract, after)}
    with opened(views, folder) as connection:
        first = dict(connection.execute("SELECT system, max(as_of) FROM access_rows GROUP BY system").fetchall())
        later = {system: each for system, each in seconds.items() if system not in first or first[system] < each.as_of}
        parameters = {"active_words": json.dumps(active_words(words)), "seconds": json.dumps(sorted(later))}
        _want(connection, wanted)
        run(connection, statements("proof.sql"), parameters)
        rows = connection.sql("SELECT * FROM pairs ORDER BY system, account, entitlement").to_arrow_reader(_BATCH)
        for batch in rows:
            for row in batch.to_pylist():
                yield _proof(row, later)


def _want(connection: DuckDBPyConnection, wanted: Iterable[Key] | None) -> None:
    if wanted is None:
        connection.execute("CREATE TEMP VIEW wanted_rows AS SELECT system, account, entitlement FROM access_rows")
        return
    schema = pa.schema([(name, pa.string()) for name in ("system", "account", "entitlement")])
    rows = [dict(zip(schema.names, key, strict=True)) for key in wanted]
    connection.register("wanted_rows", pa.Table.from_pylist(rows, schema=schema))


def _proof(row: Mapping[str, object], later: Mapping[str, SecondList]) -> Proof:
    system, changed = str(row["system"]), str(row["changed"] or "")
    there = bool(row["told"]) and bool(row["there"])
    if not row["told"]:
        state = ProofState.NOT_DETERMINABLE
    elif not there:
        state = ProofState.REMOVED
    else:
        state = ProofState.CHANGED if changed else ProofState.STILL_THERE
    return Proof(
        system=system,
        account=str(row["account"]),
        entitlement=str(row["entitlement"]),
        state=state,
        changed=tuple(changed.split()) if there else (),
        usable=row["usable"] if there else None,  # type: ignore[arg-type]
        before_sha256=row_sha256(row["before_row"]),  # type: ignore[arg-type]
        after_sha256=row_sha256(row["after_row"]) if there else None,  # type: ignore[arg-type]
        second=later.get(system),
    )
