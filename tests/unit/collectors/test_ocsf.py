# SPDX-License-Identifier: Apache-2.0
"""OCSF files of a drop: rows for checks, drops by key for everything else, and pages as they came."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from tests.conftest import REPOSITORY
from tests.unit.collectors.findings import prowler, security_hub
from tests.unit.collectors.frames import AFTER, FrameFactory, staged_rows

from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.collectors.ocsf import from_pages
from tieout.collectors.redaction import Redactor
from tieout.contracts.odcs import load_contract
from tieout.errors import ConfigurationError, ContractError
from tieout.persons import PersonKey

CONTRACT = load_contract(REPOSITORY / "include/evidence_schemas/configuration_check.v1.odcs.yaml")
DETECTION = security_hub(9, class_uid=2004, compliance=None)


def extracted(frame: Frame) -> Extraction:
    """Extract checks."""
    return extract(frame, CONTRACT, Inclusion("checked_at"), lambda: AFTER, None)


@pytest.fixture
def drop(home: Path) -> Path:
    """Return a folder with an export of each tool."""
    (home / "drop").mkdir()
    (home / "drop/prowler.ocsf.json").write_text(json.dumps([prowler(1), prowler(2)], indent=4))
    lines = [security_hub(3), DETECTION, security_hub(4, time=1, time_dt=None)]
    (home / "drop/security-hub.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    (home / "drop/answer.json").write_text(json.dumps({"Findings": [security_hub(5)]}))
    return home / "drop"


def test_checks_of_the_window_are_rows_and_the_rest_is_dropped_by_key(drop: Path, frame_of: FrameFactory) -> None:
    frame = frame_of("ocsf", path="drop")
    extraction = extracted(frame)
    rows = staged_rows(extraction).to_pylist()
    assert [(row["_position"], row["observed"], row["system"]) for row in rows] == [
        (1, "Fail", "shop"),
        (1, "PASS", "shop"),
        (2, "PASS", "shop"),
        (1, "Fail", "shop"),
    ]
    ipe = extraction.ipe
    assert (ipe.source.kind, ipe.source_total.rows, ipe.rows_read, ipe.expected_rows) == ("3 OCSF files", 6, 6, 4)
    assert [(each.reason, each.keys) for each in ipe.drops[1:]] == [
        ("no check with a status: OCSF class 2004", ("arn:aws:securityhub:::security-control/S3.8/9",))
    ]
    assert ipe.drops[0].rows == 1
    assert any("everything else of a finding stand in the raw pages" in spot for spot in ipe.source.blind_spots)
    for page, file in zip(frame.pages, sorted(drop.iterdir()), strict=True):
        with pa.input_stream(str(frame.folder / page.name), compression="zstd") as stored:
            assert stored.read() == file.read_bytes()


def test_checks_can_be_chosen_by_the_tools_ids(drop: Path, frame_of: FrameFactory) -> None:
    ipe = extracted(frame_of("ocsf", path="drop", checks=["S3.8"])).ipe
    assert (ipe.rows_in_window, ipe.expected_rows) == (2, 2)
    assert [(each.reason, each.rows) for each in ipe.drops[1:]] == [
        ("of a check that the parameter 'checks' does not name", 2),
        ("no check with a status: OCSF class 2004", 1),
    ]
    with pytest.raises(ConfigurationError, match=r"parameter 'checks': expected texts, got \[7\]"):
        extracted(frame_of("ocsf", path=str(drop), checks=[7]))


def test_two_findings_of_one_id_and_resource_are_both_named(drop: Path, frame_of: FrameFactory) -> None:
    (drop / "prowler.ocsf.json").write_text(json.dumps([prowler(1), prowler(2), prowler(1, time=5)]))
    expected = "drop/prowler.ocsf.json: finding 3: has id and resource of finding 1: prowler-aws-s3-"
    with pytest.raises(ContractError, match=re.escape(expected)):
        extracted(frame_of("ocsf", path="drop"))
    other = prowler(1, resources=[{"uid": "arn:aws:s3:::other"}])
    (drop / "prowler.ocsf.json").write_text(json.dumps([prowler(1), other]))
    assert extracted(frame_of("ocsf", path="drop")).ipe.rows_in_window == 4


def test_a_file_of_another_kind_is_refused_and_kept(home: Path, frame_of: FrameFactory) -> None:
    (home / "in.json").write_text(json.dumps([{"SchemaVersion": "2018-10-08", "Id": "a"}]))
    frame = frame_of("ocsf", path="in.json")
    with pytest.raises(ContractError, match=r"in\.json: finding 1: expected an OCSF finding, whose class_uid is 2000 to 2999"):
        extracted(frame)
    assert len(frame.pages) == 1
    (home / "in.csv").write_text("a\n")
    with pytest.raises(ContractError, match=r"in\.csv: expected a name that ends in \.json, \.json\.gz, \.jsonl"):
        extracted(frame_of("ocsf", path="in.csv"))


def test_captured_pages_give_the_rows_again(drop: Path, frame_of: FrameFactory) -> None:
    frame = frame_of("ocsf", **from_pages({"path": "drop"}, [drop / "prowler.ocsf.json", drop / "security-hub.jsonl"]))
    assert extracted(frame).ipe.rows_in_window == 3


def test_addresses_become_person_ids_before_a_row_is_read(home: Path, frame_of: FrameFactory) -> None:
    user = prowler(1, resources=[{"uid": "arn:aws:iam::111122223333:user/ann@example.com"}])
    (home / "in.json").write_text(json.dumps([user]))
    frame = frame_of("ocsf", path="in.json")
    frame.redactor = Redactor(PersonKey(b"k" * 32))
    (row,) = staged_rows(extracted(frame)).to_pylist()
    assert re.fullmatch(r"arn:aws:iam::111122223333:user/person-[0-9a-f]{20}", row["resource"])
