# SPDX-License-Identifier: Apache-2.0
"""Population export: the plan of a window, what collecting leaves, and the draft of a landing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.change_csv import line
from tests.unit.flows.project import CONTRACT_FILE, CONTROL, CONTROL_FILE, Project

from tieout.collectors.extraction import ROWS_FILE
from tieout.errors import ConfigurationError, ExtractionRefused
from tieout.flows.population_export import draft, extraction_state, part_document, plan, write_document

DAY = timedelta(days=1)


def test_a_plan_places_the_window(project: Project) -> None:
    job = project.job()
    assert (job.period.id, job.source.collector, job.contract.evidence_type) == (
        "2026-H1",
        "csv_merges",
        "change_record.v1",
    )
    assert (job.window.start, job.window.end) == (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert job.place.partition == f"observation_period=2026-H1/control={CONTROL}/window=2026-03"


def test_what_there_is_not_is_refused_with_what_there_is(project: Project) -> None:
    with pytest.raises(ConfigurationError, match=rf"no control 'cc6_1' in .*Controls there: {CONTROL}\."):
        plan(project.settings, "cc6_1", "shop_csv", "2026-03")
    with pytest.raises(ConfigurationError, match=r"no system 'shop' .*Its systems: shop_csv, shop_git\."):
        project.job(system="shop")
    with pytest.raises(ExtractionRefused, match=r"'2026-W10': expected a monthly key such as '2026-03'"):
        project.job("2026-W10")
    with pytest.raises(ExtractionRefused, match=r"'2025-12': lies in no Type 2 observation period .*2026-H1"):
        project.job("2025-12")
    project.change(CONTROL_FILE, "change_record.v1", "change_record.v9")
    with pytest.raises(ConfigurationError, match=r"change_record\.v9\.odcs\.yaml: cannot be read"):
        project.job()


@pytest.mark.parametrize("column", ["merged_at", "sha", "parents"])
def test_the_inclusion_date_is_a_timestamp_column(project: Project, column: str) -> None:
    project.change(CONTROL_FILE, "inclusion_date_field: committed_at", f"inclusion_date_field: {column}")
    expected = f"{CONTROL}.yaml: population.inclusion_date_field: .*\\(committed_at, authored_at\\), got '{column}'"
    with pytest.raises(ConfigurationError, match=expected):
        project.job()


def test_an_inclusion_date_that_can_be_null_is_refused(project: Project) -> None:
    project.change(CONTRACT_FILE, "logicalType: timestamp\n        required: true", "logicalType: timestamp")
    with pytest.raises(ConfigurationError, match=r"a required timestamp column of change_record.v1 .it has none."):
        project.job()


def test_collecting_leaves_rows_pages_and_a_document_that_names_them(project: Project) -> None:
    project.export(line(1), line(2, committed_at="2026-05-01T00:00:00Z"))
    document, folder = project.collect(project.job())
    assert document["rows_sha256"] == hashlib.sha256((folder / ROWS_FILE).read_bytes()).hexdigest()
    assert (document["origin"], document["expected_rows"], document["collected_at"]) == (
        "drop/in.csv",
        1,
        "2026-07-02T06:00:00.000000Z",
    )
    (page,) = document["ipe"]["pages"]
    assert page["stored_sha256"] == hashlib.sha256((folder / page["name"]).read_bytes()).hexdigest()
    assert json.loads(json.dumps(document)) == document


def test_an_open_window_is_refused(project: Project) -> None:
    with pytest.raises(ExtractionRefused, match=r"'2026-03': not over before 2026-04-01T00:00:00\.000000Z"):
        project.collect(project.job(), now=datetime(2026, 3, 31, 23, tzinfo=UTC))


def test_a_retry_gives_the_same_landing_and_another_input_another(project: Project) -> None:
    def landing(window: str = "2026-03") -> str:
        name: str = project.collect(project.job(window))[0]["landing"]
        return name

    first = landing()
    assert first.startswith("shop_csv-")
    assert landing() == first
    seen = {first, landing("2026-04")}
    project.export(line(1), line(2, committed_at="2026-05-01T00:00:00Z"))
    seen.add(landing())
    project.change(CONTRACT_FILE, "status: active", "status: draft")
    seen.add(landing())
    project.change(CONTROL_FILE, "performer: Developers", "performer: Engineers")
    seen.add(landing())
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("after_the_end", "state", "seconds"),
    [
        (timedelta(0), "in window", 0),
        (7 * DAY, "in window", 604_800),
        (7 * DAY + timedelta(seconds=1), "later", 604_801),
    ],
)
def test_an_extraction_is_in_window_up_to_its_grace(project: Project, after_the_end: timedelta, state: str, seconds: int) -> None:
    job = project.job()
    assert extraction_state(job, job.window.end + after_the_end) == {"state": state, "lag_seconds": seconds}


def test_a_draft_is_made_from_documents_alone(project: Project, tmp_path: Path) -> None:
    job = project.job()
    done = project.validated(job)
    elsewhere = tmp_path / "elsewhere"
    documents = json.loads(json.dumps([part_document(part) for part in done.parts]))
    page = {"key": "raw/x", "version_id": "1", "sha256": "a" * 64, "bytes": 1, "received_sha256": "b" * 64}
    made = draft(job, done.predicate, documents, [page], elsewhere)
    assert made.parts == tuple(replace(part, path=elsewhere / part.path.name) for part in done.parts)
    assert (made.place, made.system, made.landing) == (job.place, "shop_csv", done.predicate["landing"])
    assert made.pages[0].received_sha256 == "b" * 64


def test_a_document_is_hashed_as_written_and_written_in_one_order(tmp_path: Path) -> None:
    path = tmp_path / "extraction.json"
    digest = write_document(path, {"b": 1, "a": "é"})
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert write_document(path, {"a": "é", "b": 1}) == digest
    assert json.loads(path.read_text()) == {"a": "é", "b": 1}
