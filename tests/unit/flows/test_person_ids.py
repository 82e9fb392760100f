# SPDX-License-Identifier: Apache-2.0
"""A population export with person ids: the same landing on a retry, nothing of an address in what lands, the table first."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.unit.change_csv import line, text
from tests.unit.flows.project import AFTER, CONTROL, Project

from tieout.cli import main
from tieout.collectors.extraction import ROWS_FILE
from tieout.collectors.frame import Frame
from tieout.errors import ConfigurationError, StoreUnavailable
from tieout.evidence.identities import IdentityTable
from tieout.evidence.store import Retention, S3Store
from tieout.flows.population_export import Job, collect, landing_of_pages, lock_pages, validate
from tieout.persons import PersonKey

KEY = PersonKey(b"k" * 32)
ANN, BEN = KEY.person("ann@example.com"), KEY.person("ben@example.com")
RETENTION = Retention("COMPLIANCE", datetime(2034, 1, 1, tzinfo=UTC), "AES256", "")


def key_file(folder: Path, secret: bytes = b"k" * 32) -> str:
    """Write a key; returns its URI."""
    path = folder / f"{secret[:1].decode()}.key"
    path.write_bytes(secret)
    path.chmod(0o600)
    return f"file:{path}"


@pytest.fixture
def named(project: Project) -> Project:
    """Return the project with person ids on."""
    project.settings = replace(project.settings, identity_bucket="ids", identity_key=key_file(project.folder))
    return project


def captured(project: Project, job: Job) -> Frame:
    """Collect, and return the frame."""
    project.runs += 1
    folder = project.folder / f"work-{project.runs}"
    folder.mkdir()
    frame = Frame(job.settings, job.source, job.window, folder)
    collect(job, frame, lambda: AFTER, None)
    return frame


def test_a_retry_gives_the_same_landing_and_another_key_another(named: Project) -> None:
    job = named.job()
    landing = landing_of_pages(job, captured(named, job).pages)
    assert landing_of_pages(job, captured(named, job).pages) == landing
    other = replace(job, settings=replace(job.settings, identity_key=key_file(named.folder, b"o" * 32)))
    assert landing_of_pages(other, captured(named, other).pages) != landing


def test_a_landings_id_does_not_confirm_a_guess_at_an_address(named: Project) -> None:
    job = named.job()
    (page,) = captured(named, job).pages
    guessed = replace(page, received_sha256=hashlib.sha256(text(line(1)).encode()).hexdigest())
    wrong = replace(page, received_sha256=hashlib.sha256(b"another guess").hexdigest())
    assert page == guessed
    assert landing_of_pages(job, [wrong]) == landing_of_pages(job, [guessed])


def test_no_address_is_in_anything_that_would_land(named: Project) -> None:
    named.export(line(1), line(2, author="ben@example.com", pull_request=""), line(3, committer="ANN@example.com"))
    job = named.job()
    document, folder = named.collect(job)
    done = validate(job, document, folder)
    table = pq.read_table(done.parts[0].path)
    assert table["author"].to_pylist() == [ANN, BEN, ANN]
    assert table["committer_is_author"].to_pylist() == [False, True, True]
    for path in folder.iterdir():
        assert b"@example.com" not in path.read_bytes(), path
    assert b"@example.com" not in (folder / ROWS_FILE).read_bytes()
    assert "@example.com" not in json.dumps(done.predicate)
    (page,) = done.predicate["ipe"]["pages"]
    assert page["redactions"][0]["count"] == 6


class Recorder(S3Store):
    """A store that only notes what it is asked to lock."""

    def __init__(self) -> None:
        super().__init__(None, "evidence")
        self.locked: list[str] = []

    def put_locked(self, key: str, *_: Any) -> str:
        self.locked.append(key)
        return "v1"


def test_the_table_knows_everybody_before_a_page_is_locked(named: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    store, added = Recorder(), []

    def add(table: IdentityTable, people: dict[str, str], now: datetime) -> int:
        added.append((table._store.bucket, dict(people), now, list(store.locked)))
        return len(people)

    monkeypatch.setattr(IdentityTable, "add", add)
    job = named.job()
    lock_pages(job, captured(named, job), store, RETENTION, lambda: AFTER)
    assert added == [("ids", {ANN: "ann@example.com", BEN: "ben@example.com"}, AFTER, [])]
    assert len(store.locked) == 1


def test_no_page_is_locked_while_the_table_can_not_be_reached(named: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def add(*_: object) -> int:
        raise StoreUnavailable("ids")

    monkeypatch.setattr(IdentityTable, "add", add)
    store, job = Recorder(), named.job()
    with pytest.raises(StoreUnavailable):
        lock_pages(job, captured(named, job), store, RETENTION)
    assert store.locked == []


def test_a_dry_run_shows_ids_and_reaches_no_table(named: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_HOME", str(named.folder))
    monkeypatch.setenv("TIEOUT_IDENTITY_BUCKET", "a-bucket-that-is-nowhere")
    monkeypatch.setenv("TIEOUT_IDENTITY_KEY", named.settings.identity_key)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    arguments = ["collect", CONTROL, "--system", "shop_csv", "--window", "2026-03", "--dry-run"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert f"'author': '{ANN}'" in done.output
    assert "replaced by a person id" in done.output
    assert "@example.com" not in done.output


def test_a_longer_retention_of_a_contract_is_the_jobs_and_more_than_the_cap_is_refused_at_once(project: Project) -> None:
    assert project.job().retention_years == 7
    project.change("evidence_schemas/rule_result.v1.odcs.yaml", "value: 7\n    unit: y", "value: 10\n    unit: y")
    assert project.job().retention_years == 10
    project.settings = replace(project.settings, retention_cap_years=9)
    with pytest.raises(ConfigurationError, match=r"rule_result\.v1\.odcs\.yaml: retention: expected at most 9 years"):
        project.job()
