# SPDX-License-Identifier: Apache-2.0
"""The control on a real scheduler: tasks, references, messages, and what a broken source leaves behind."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from tests.stack import CONTROL, Airflow, merge, write_csv
from tieout.errors import SourceUnavailable
from tieout.evidence.records import RecordKind
from tieout.evidence.verify import Outcome, Question
from tieout.flows.documents import read_documents
from tieout.flows.index import landings
from tieout.local.airflow import database
from tieout.local.installation import EVIDENCE_BUCKET, STAGING_BUCKET

pytestmark = pytest.mark.integration

# Windows: 01 whole run, 02 clearing, 03 killing (tests/faults), 05 locked database, 07 to 09 broken files, 10 zero rows.


def parts(airflow: Airflow, window: str, system: str) -> list[str]:
    keys = airflow.store.bucket("auditor").keys("evidence/") + airflow.store.bucket("auditor").keys("manifests/")
    return sorted(key for key in keys if f"window={window}/{system}-" in key and ".record." not in key)


@pytest.fixture
def drop(airflow: Airflow, tmp_path: Path) -> Iterator[Path]:
    """Let the control's CSV system read a file of the test's own; tasks read the YAML anew, and it is put back at the end."""
    file = airflow.home / "include" / "criteria" / "controls" / f"{CONTROL}.yaml"
    before = file.read_text()
    control = yaml.safe_load(before)
    control["systems"][0]["parameters"]["path"] = str(tmp_path / "drop.csv")
    file.write_text(yaml.safe_dump(control, sort_keys=False))
    yield tmp_path / "drop.csv"
    file.write_text(before)


@pytest.fixture(scope="module")
def first_run(airflow: Airflow) -> str:
    run_id = "window__2026-01"
    assert airflow.run("2026-01", run_id) == "success"
    return run_id


def test_both_doors_land_through_the_scheduler(airflow: Airflow, first_run: str) -> None:
    assert set(airflow.api.tasks(CONTROL, first_run).values()) == {"success"}
    report = airflow.store.verify(question=Question(observation_period="2026-H1"))
    landed = [entry for entry in report.landings if "window=2026-01/" in entry.key]
    assert [(entry.outcome, entry.rows) for entry in landed] == [(Outcome.INTACT, 111), (Outcome.INTACT, 111)]


def test_only_references_travel_between_tasks(airflow: Airflow, first_run: str) -> None:
    for task, keys in (("collect", {"key", "sha256"}), ("validate", {"key", "sha256"}), ("land", None)):
        path = f"/dags/{CONTROL}/dagRuns/{first_run}/taskInstances/shop_csv.{task}/xcomEntries/return_value"
        value = airflow.api.call("GET", path)["value"]
        value = json.loads(value) if isinstance(value, str) else value
        assert keys is None or set(value) == keys
        assert len(json.dumps(value)) < 1000
        assert "example.com" not in json.dumps(value)


def test_no_secret_reaches_a_log(airflow: Airflow, first_run: str) -> None:
    installation = airflow.store.stack.installation
    secrets = [installation.identity(name).secret_key for name in ("admin", "writer", "digest", "auditor")]
    secrets += [*installation.airflow_secrets.values(), *installation.store_keys]
    secrets += [(installation.folder / "keys" / "landing.pem").read_text().splitlines()[1]]
    logs = [*(installation.folder / "airflow" / "logs").rglob("*.log"), *(installation.folder / "logs").glob("*.log")]
    assert any(first_run in str(log) for log in logs)
    for log in logs:
        text = log.read_text(errors="replace")
        assert not [secret for secret in secrets if secret in text], log


def test_the_ipe_record_names_the_task_that_ran(airflow: Airflow, first_run: str) -> None:
    from tieout.evidence.manifest import read_manifest

    [key] = [key for key in parts(airflow, "2026-01", "shop_git") if key.startswith("manifests/")]
    manifest = read_manifest(b"".join(airflow.store.bucket().chunks(key) or []), key)
    ipe = manifest.predicate["ipe"]
    assert ipe["airflow"] == {"dag_id": CONTROL, "run_id": first_run, "task_id": "shop_git.collect", "try_number": 1}
    assert ipe["second_count"]["class"] == "same endpoint"
    assert ipe["rows_read"] == ipe["source_total"]["rows"] == ipe["rows_in_window"] + ipe["drops"][0]["rows"]
    assert manifest.predicate["extraction"]["state"] == "later"


def test_a_cleared_run_lands_nothing_twice(airflow: Airflow) -> None:
    run_id = "window__2026-02"
    assert airflow.run("2026-02", run_id) == "success"
    before = airflow.store.bucket().versions("evidence/") + airflow.store.bucket().versions("manifests/")
    airflow.api.call("POST", f"/dags/{CONTROL}/dagRuns/{run_id}/clear", {"dry_run": False, "only_failed": False})
    assert airflow.finish(run_id) == "success"
    again = "again__2026-02"
    assert airflow.run("2026-02", again) == "success"
    after = airflow.store.bucket().versions("evidence/") + airflow.store.bucket().versions("manifests/")
    in_window = [{f"{v.key} {v.version_id}" for v in found if "window=2026-02/" in v.key} for found in (before, after)]
    assert in_window[0] == in_window[1]
    assert len(in_window[0]) == 6
    assert "Had landed already" in airflow.api.log(CONTROL, again, "shop_csv.land", 1)


def test_a_scheduler_outlives_a_database_locked_for_longer_than_the_api_server_waits(airflow: Airflow, first_run: str) -> None:
    assert first_run
    airflow.api.trigger(CONTROL, "2026-05", "locked__2026-05")
    with closing(sqlite3.connect(database(airflow.store.stack.installation), isolation_level=None, timeout=10)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(23)
        connection.execute("ROLLBACK")
    assert airflow.finish("locked__2026-05") == "success"


def test_a_run_that_does_not_end_says_why(airflow: Airflow) -> None:
    airflow.api.call("PATCH", f"/dags/{CONTROL}?update_mask=is_paused", {"is_paused": True})
    body = {"logical_date": None, "partition_key": None, "dag_run_id": "paused"}
    airflow.api.call("POST", f"/dags/{CONTROL}/dagRuns", body)
    with pytest.raises(SourceUnavailable, match=r"'paused': 'queued'.*DAG paused: True, stale: False; scheduler: .*'healthy'"):
        airflow.api.wait(CONTROL, ["paused"], 1, lambda _: None)
    airflow.api.call("DELETE", f"/dags/{CONTROL}/dagRuns/paused")


HEADER = "sha,committed_at,authored_at,author,committer,parents,pull_request,change_type,files_changed,insertions,deletions\n"
BROKEN = {
    "missing column": (
        "2026-07",
        HEADER.replace(",parents", "") + merge(1, "2026-07-02").replace(",1,7,", ",7,") + "\n",
        "collect",
        ["missing: parents", "export the missing columns"],
    ),
    "wrong type": (
        "2026-08",
        HEADER + merge(1, "2026-08-02") + "\n" + merge(2, "2026-08-03").replace(",1,7,", ",two,7,") + "\n",
        "validate",
        ["column 'parents': expected a whole number", "row 3: 'two'"],
    ),
    "duplicate key": (
        "2026-09",
        HEADER + merge(1, "2026-09-02") + "\n" + merge(1, "2026-09-03") + "\n",
        "validate",
        ["rule 'key_unique' is broken", "2 times (rows 2, 3)"],
    ),
    "truncated last line": (
        "2026-09",
        HEADER + merge(1, "2026-09-02") + "\n" + merge(2, "2026-09-03")[:60],
        "collect",
        ["the last record", "of 11 fields and no line break", "truncated", "Export it again"],
    ),
}


@pytest.mark.parametrize("what", list(BROKEN))
def test_a_broken_file_says_so_in_the_task_log_and_lands_nothing(airflow: Airflow, drop: Path, what: str) -> None:
    window, content, task, expected = BROKEN[what]
    drop.write_text(content)
    run_id = f"broken__{what.replace(' ', '_')}"
    assert airflow.run(window, run_id) == "failed"
    log = airflow.api.log(CONTROL, run_id, f"shop_csv.{task}", 1)
    for text in ["ContractError", "Nothing lands for this window", *expected]:
        assert text.lower() in log.lower().replace('\\"', '"'), log[-3000:]
    assert airflow.api.tasks(CONTROL, run_id)["shop_csv.land"] == "upstream_failed"
    assert parts(airflow, window, "shop_csv") == []
    tries = airflow.api.call("GET", f"/dags/{CONTROL}/dagRuns/{run_id}/taskInstances/shop_csv.{task}")["try_number"]
    assert tries == 1, "a broken contract is not retried"


def test_what_broke_is_kept_as_it_came(airflow: Airflow, drop: Path) -> None:
    content = HEADER + merge(1, "2026-09-02") + "\n" + "only,three,fields\n"
    drop.write_text(content)
    assert airflow.run("2026-09", "broken__kept") == "failed"
    log = airflow.api.log(CONTROL, "broken__kept", "shop_csv.collect", 1)
    assert "line 3: expected 11 fields, got 3" in log
    key = log.split("unusable as a population: ")[1].split(".zst")[0] + ".zst"
    import pyarrow as pa

    stored = b"".join(airflow.store.bucket("auditor").chunks(key) or [])
    kept = pa.input_stream(pa.BufferReader(stored), compression="zstd").read().decode()
    assert re.sub(r"person-[0-9a-f]{20}", "PERSON", kept) == re.sub(r"[ab]@example\.com", "PERSON", content)
    [version] = airflow.store.bucket("auditor").versions(key)
    lock = airflow.store.bucket("auditor").lock(key, version.version_id)
    assert lock is not None
    assert lock.mode == "COMPLIANCE"
    recorded = log.split("Recorded: ")[1].split(".record.dsse.json")[0] + ".record.dsse.json"
    record = read_documents(airflow.store.bucket("auditor")).records[recorded]
    assert (record.kind, [entry.key for entry in record.objects]) == (RecordKind.DID_NOT_LAND, [key])
    assert record.by == f"{CONTROL} broken__kept shop_csv.collect"


def test_the_digest_dag_seals_what_has_landed(airflow: Airflow, first_run: str) -> None:
    assert first_run
    assert airflow.seal("sealed") == "success"
    value = airflow.api.call("GET", "/dags/evidence_digest/dagRuns/sealed/taskInstances/seal/xcomEntries/return_value")["value"]
    sealed = json.loads(value) if isinstance(value, str) else value
    assert airflow.store.verify(head=sealed["sha256"]).head.sequence >= sealed["sequence"] > 0
    rows = landings(airflow.store.bucket("auditor"), period="2026-H1", control=CONTROL)
    assert {"2026-01"} <= {row["window"] for row in rows}
    assert "anchored nowhere" in airflow.api.log("evidence_digest", "sealed", "anchor", 1)


def test_zero_rows_land_as_zero_and_other_rows_need_a_reason_to_supersede_them(airflow: Airflow, drop: Path) -> None:
    write_csv(drop, [])
    assert airflow.run("2026-10", "zero__2026-10") == "success"
    assert landed(airflow, "2026-10") == [(Outcome.INTACT, 0)]

    write_csv(drop, [merge(1, "2026-10-02")])
    assert airflow.run("2026-10", "differs__2026-10") == "failed"
    assert "has landed already" in airflow.api.log(CONTROL, "differs__2026-10", "shop_csv.land", 1)
    assert landed(airflow, "2026-10") == [(Outcome.INTACT, 0)]

    assert airflow.run("2026-10", "supersedes__2026-10", {"supersede_reason": "the drop came late"}) == "success"
    assert sorted(landed(airflow, "2026-10")) == [(Outcome.INTACT, 0), (Outcome.INTACT, 1)]


def landed(airflow: Airflow, window: str) -> list[tuple[Outcome, int | None]]:
    report = airflow.store.verify(question=Question(observation_period="2026-H2"))
    return [(entry.outcome, entry.rows) for entry in report.landings if f"window={window}/shop_csv-" in entry.key]


@pytest.mark.parametrize(
    ("key", "expected"),
    [(None, "this run names no window"), ("2126-03", "lies in no Type 2 observation period"), ("2026-12", "not over before")],
)
def test_a_window_that_can_not_be_extracted_is_refused(airflow: Airflow, key: str | None, expected: str) -> None:
    run_id = f"refused__{key}"
    assert airflow.run(key, run_id) == "failed"
    assert expected in airflow.api.log(CONTROL, run_id, "shop_git.collect", 1)


def test_evidence_never_stays_in_the_metadata_database(airflow: Airflow, first_run: str) -> None:
    assert first_run
    database = (airflow.store.stack.installation.folder / "airflow" / "airflow.db").read_bytes()
    assert b"person-28adb59e68@example.com" not in database


def test_staging_and_evidence_are_two_buckets(airflow: Airflow, first_run: str) -> None:
    assert first_run
    staged = airflow.store.client("writer").list_objects_v2(Bucket=STAGING_BUCKET)["KeyCount"]
    assert staged > 0
    tops = {key.split("/")[0] for key in airflow.store.bucket("auditor").keys("")}
    assert {"evidence", "keys", "manifests", "raw", "digests"} <= tops, EVIDENCE_BUCKET
    assert tops <= {"evidence", "keys", "manifests", "raw", "digests", "index", "README.md", "LAYOUT.json"}
