# SPDX-License-Identifier: Apache-2.0
"""The index says of each landing what its manifest says, and verification holds it to that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.evidence.signed_copy import SignedCopy

from tieout.errors import CannotCheck
from tieout.evidence.index import SCHEMA, index_row, index_table, read_index, write_index
from tieout.evidence.layout import index_key
from tieout.evidence.manifest import Manifest, read_manifest
from tieout.evidence.verify import Outcome

KEY = index_key("2026-H2", 1)


def manifests(copy: SignedCopy, period: str = "2026-H2") -> list[Manifest]:
    return [read_manifest(copy.path(key).read_bytes(), key) for key in copy.manifests if f"={period}/" in key]


def test_a_row_is_what_the_manifest_says(template: SignedCopy) -> None:
    manifest = manifests(template)[0]
    row = index_row(manifest)
    assert (row["landing"], row["rows"], row["manifest_sha256"]) == (manifest.landing, 5, manifest.sha256)
    assert row["parts"] == template.subjects("part")
    assert (str(row["effective_from"]), row["supersedes"]) == ("2026-10-01 00:00:00+00:00", None)


def test_a_file_is_read_as_it_was_written_and_equal_landings_give_equal_bytes(template: SignedCopy) -> None:
    table = index_table(manifests(template))
    assert read_index(write_index(table), KEY).equals(table)
    assert write_index(index_table(reversed(manifests(template)))) == write_index(table)
    assert table.schema == SCHEMA


@pytest.mark.parametrize("data", [b"", b"PAR1" * 10, write_index(pa.table({"a": [1]}))])
def test_what_is_no_index_can_not_be_checked(data: bytes) -> None:
    with pytest.raises(CannotCheck, match="expected"):
        read_index(data, KEY)


def test_an_index_that_agrees_is_intact(copy: SignedCopy) -> None:
    copy.write(KEY, write_index(index_table(manifests(copy))))
    report = copy.verify()
    assert (report.outcome, copy.outcome(report, KEY).outcome) == (Outcome.INTACT, Outcome.INTACT)


Change = Callable[[pa.Table], pa.Table]


def with_rows(table: pa.Table, change: Callable[[list[dict[str, Any]]], object]) -> pa.Table:
    rows = table.to_pylist()
    change(rows)
    return pa.Table.from_pylist(rows, schema=SCHEMA)


@pytest.mark.parametrize(
    ("change", "outcome", "words"),
    [
        (lambda rows: rows[0].update(rows=4), Outcome.TAMPERED, "disagrees with the manifest: rows"),
        (lambda rows: rows[0].update(potential_deviations=9), Outcome.TAMPERED, "potential_deviations"),
        (lambda rows: rows[0].update(parts=[]), Outcome.TAMPERED, "parts"),
        (lambda rows: rows.append(rows[0]), Outcome.TAMPERED, "and so does"),
        (
            lambda rows: rows[0].update(manifest_key=rows[0]["manifest_key"].replace("github", "gitlab")),
            Outcome.MISSING,
            "has no manifest that can be relied on",
        ),
    ],
)
def test_an_index_that_disagrees_is_found(
    copy: SignedCopy, change: Callable[[list[dict[str, Any]]], object], outcome: Outcome, words: str
) -> None:
    copy.write(KEY, write_index(with_rows(index_table(manifests(copy)), change)))
    findings = copy.outcome(copy.verify(), KEY).findings
    assert outcome in {finding.outcome for finding in findings}
    assert any(words in finding.reason for finding in findings)


def test_an_index_in_the_file_of_another_digest_is_tampered(copy: SignedCopy) -> None:
    copy.write(index_key("2026-H2", 7), write_index(index_table(manifests(copy))))
    finding = copy.outcome(copy.verify(), index_key("2026-H2", 7)).findings[0]
    assert (finding.outcome, "another digest or period names it" in finding.reason) == (Outcome.TAMPERED, True)
