# SPDX-License-Identifier: Apache-2.0
"""Commits that touch what decides about the evidence are rows, with who wrote them and who else was there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.collectors.frames import FrameFactory, staged_rows
from tests.unit.collectors.git_repo import GitRepo

from tieout.collectors.extraction import Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.contracts.odcs import load_contract
from tieout.errors import ConfigurationError

AFTER = datetime(2026, 4, 1, 6, tzinfo=UTC)
GIVEN: dict[str, Any] = {"repository": "dags.git", "paths": ["dags", "include"], "platform_committers": ["web@example.com"]}


@pytest.fixture
def shas(home: Path) -> dict[int, str]:
    """Return a repository's commits: alone, by two people, by the platform, beside the paths, before the window."""
    repo = GitRepo(home / "dags.git")
    repo.commit("Start", at="2026-02-01T10:00:00+00:00", files={"dags/a.py": b"1"})
    alone = {"author": "ann@example.com", "committer": "ann@example.com"}
    repo.commit("Alone", at="2026-03-01T10:00:00+00:00", **alone, files={"dags/a.py": b"2", "include/\u00fc b.yaml": b"1"})
    repo.commit("Two", at="2026-03-02T10:00:00+00:00", files={"include/c.yaml": b"3"})
    repo.commit("Merge", at="2026-03-03T10:00:00+00:00", committer="web@example.com", files={"dags/d.py": b"4"})
    repo.commit("Beside", at="2026-03-04T10:00:00+00:00", files={"README": b"5"})
    return repo.write()


def collected(frame: Frame, repository: Path) -> Any:
    """Extract March."""
    contract = load_contract(repository / "include" / "evidence_schemas" / "configuration_event.v1.odcs.yaml")
    return extract(frame, contract, Inclusion("occurred_at"), lambda: AFTER, None)


def test_who_was_there_and_what_was_touched(frame_of: FrameFactory, shas: dict[int, str], repository: Path) -> None:
    extraction = collected(frame_of("git_configuration", **GIVEN), repository)
    rows = {row["event_id"]: row for row in staged_rows(extraction).to_pylist()}
    assert list(rows) == [shas[4], shas[3], shas[2]]
    shown = {n: (rows[shas[n]]["self_approved"], rows[shas[n]]["approver"], rows[shas[n]]["change"]) for n in (2, 3, 4)}
    assert shown == {
        2: ("true", None, "dags/a.py, include/ü b.yaml"),
        3: ("false", "ben@example.com", "include/c.yaml"),
        4: (None, None, "dags/d.py"),
    }
    assert (extraction.ipe.source_total.rows, extraction.ipe.rows_in_window) == (4, 3)
    assert "Files outside these paths are not looked at." in extraction.ipe.source.blind_spots


def test_paths_that_nothing_touched_are_no_rows(frame_of: FrameFactory, shas: dict[int, str], repository: Path) -> None:
    extraction = collected(frame_of("git_configuration", **{**GIVEN, "paths": ["deploy"]}), repository)
    assert (extraction.ipe.rows_read, staged_rows(extraction).num_rows) == (0, 0)


def test_a_wrong_parameter_is_named(frame_of: FrameFactory, repository: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"parameters\.path: .*paths"):
        collected(frame_of("git_configuration", repository="dags.git", path=["dags"]), repository)
