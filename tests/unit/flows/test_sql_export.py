# SPDX-License-Identifier: Apache-2.0
"""A control whose system is a database: one YAML, and its rows go the way of any population."""

from __future__ import annotations

import json
import sqlite3

import pytest
from tests.unit.change_csv import FIELDS, line
from tests.unit.collectors.sql_source import Engines
from tests.unit.flows.project import AFTER, CONTROL_FILE, Project

from tieout.collectors.frame import Frame
from tieout.flows.population_export import collect, validate

SYSTEM = """\
  - system: shop_csv
    collector: sql
    parameters:
      connection: change_database
      window_format: iso
      query: |
        SELECT sha, committed_at, authored_at, author, committer, parents, pull_request, change_type, files_changed, insertions,
          deletions, CASE committer WHEN 'web-merge' THEN 'platform' ELSE 'person' END AS committer_kind,
          CASE WHEN committer <> 'web-merge' THEN iif(committer = author, 'true', 'false') END AS committer_is_author
        FROM changes WHERE committed_at >= :from AND committed_at < :until
      count_query: SELECT COUNT(DISTINCT sha) FROM changes WHERE committed_at >= :from AND committed_at < :until
"""


@pytest.fixture
def with_database(project: Project) -> Project:
    """Return a project whose system ``shop_csv`` is a database of three changes, two of them in March in Berlin."""
    control = project.folder / "include" / CONTROL_FILE
    head, found, rest = control.read_text().partition("  - system: shop_csv\n")
    assert found
    control.write_text(head + SYSTEM + "  - system: shop_git\n" + rest.partition("  - system: shop_git\n")[2])
    times = ("2026-03-05T14:30:00Z", "2026-03-31T12:00:00+00:00", "2026-04-01T12:00:00Z")
    with sqlite3.connect(project.folder / "changes.db") as database:
        database.execute(f"CREATE TABLE changes ({', '.join(FIELDS)})")
        for number, time in enumerate(times, 1):
            values = line(number, committed_at=time, committer="ann@example.com" if number == 2 else "web-merge").split(",")
            database.execute(f"INSERT INTO changes VALUES ({', '.join('?' * len(FIELDS))})", values)
    database.close()
    return project


def test_a_database_becomes_a_population(with_database: Project) -> None:
    job = with_database.job()
    folder = with_database.folder / "work"
    folder.mkdir()
    reach = Engines(change_database=f"sqlite:///{with_database.folder / 'changes.db'}")
    extraction = collect(job, Frame(job.settings, job.source, job.window, folder, reach), lambda: AFTER, None)
    ipe = extraction["ipe"]
    assert (ipe["rows_in_window"], ipe["source_total"]["rows"], ipe["second_count"]["class"]) == (2, 2, "other endpoint")
    assert json.loads(json.dumps(ipe)) == ipe
    validated = validate(job, extraction, folder)
    assert validated.predicate["population"]["rows"] == 2
    assert validated.predicate["potential_deviations"] == 1  # the change that its author committed
