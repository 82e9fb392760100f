# SPDX-License-Identifier: Apache-2.0
"""The confirmations of the demo as they landed, with their files, held against what is known of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

from tieout.evidence.layout import RESPONSES, Class, class_of
from tieout.evidence.store import S3Store
from tieout.local import object_store
from tieout.local.company import KnownConfirmation
from tieout.local.demo_report import read_table
from tieout.local.installation import EVIDENCE_BUCKET, Installation
from tieout.persons import load_person_key

_COLUMNS = [
    "control", "window", "outcome", "second_review", "returns", "handed_in_by", "second_reviewer", "filled_in", "uncovered",
]  # fmt: skip


def read_rows(installation: Installation, known: Iterable[KnownConfirmation]) -> dict[str, dict[str, Any]]:
    """Return the row that landed of each control, as the auditor reads it."""
    import pyarrow.compute as pc

    wanted = pc.field("control").isin([each.control for each in known])
    rows = read_table(installation, "owner_confirmation").to_table(columns=_COLUMNS, filter=wanted).to_pylist()
    return {row["control"]: row for row in rows}


def stored_files(installation: Installation, known: KnownConfirmation) -> set[str]:
    """Return the SHA-256 of the bytes of every file that is locked with a confirmation's responses."""
    store = S3Store(object_store.client_for(installation, "auditor"), EVIDENCE_BUCKET)
    within = f"/control={known.control}/"
    keys = [key for key in store.keys(RESPONSES) if class_of(key) is Class.FILE and within in key]
    return {hashlib.sha256(b"".join(store.chunks(key) or ())).hexdigest() for key in keys}


def attached(row: dict[str, Any]) -> list[str]:
    """Return the SHA-256 of the files that a row's answers name, sorted."""
    said = json.loads(row["filled_in"]) if row["filled_in"] else {}
    listed = (each for value in said.values() if isinstance(value, list) for each in value)
    return sorted(each["sha256"] for each in listed if isinstance(each, dict) and "sha256" in each)


def differences(known: KnownConfirmation, row: dict[str, Any] | None, files: set[str], person: Callable[[str], str]) -> list[str]:
    """Return what of a confirmation is another than what is known of it."""
    if row is None:
        return ["it has not landed"]
    expected = {
        "outcome": "confirmed", "second_review": "accepted", "returns": known.returns, "handed_in_by": person(known.owner),
        "second_reviewer": person(known.looker), "uncovered": known.uncovered,
    }  # fmt: skip
    found = [f"{name}: known {said!r}, landed {row[name]!r}" for name, said in expected.items() if row[name] != said]
    if attached(row) != known.files:
        found.append(f"files: known {len(known.files)}, its answers name {len(attached(row))}")
    if not set(known.files) <= files:
        found.append("files: not all of them are locked in the bucket")
    return found


def show_confirmations(installation: Installation, known: list[KnownConfirmation], console: Console) -> bool:
    """Hold the confirmations that landed against what is known of them; show both, and return whether they are the same."""
    person = load_person_key(installation.identity_settings["TIEOUT_IDENTITY_KEY"]).person
    rows, same = read_rows(installation, known), True
    table = Table(title="Confirmed in forms on the pages, with files", title_justify="left")
    for name in ("control", "came to", "second review", "returned", "files", "days not covered", "as known"):
        table.add_column(name, overflow="fold")
    for each in known:
        row = rows.get(each.control)
        wrong = differences(each, row, stored_files(installation, each), person)
        same = same and not wrong
        said = row or dict.fromkeys(_COLUMNS, "-")
        shown = [said[name] or "-" for name in ("outcome", "second_review")]
        shown += [said["returns"], len(attached(row)) if row else 0, said["uncovered"] or "-"]
        table.add_row(each.control, *map(str, shown), "yes" if not wrong else f"NOT THE SAME: {'; '.join(wrong)}")
    console.print(table)
    return same
