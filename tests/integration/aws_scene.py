# SPDX-License-Identifier: Apache-2.0
"""Extractions from the simulated AWS account, by the controls that ship, and what their rules say of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from tests.simulators.aws import EVIDENCE_BUCKET, SECURITY_LEAD, Aws, AwsReach
from tests.simulators.aws_things import ACCOUNT
from tests.simulators.company import Company
from tests.simulators.vendor import Server
from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.contracts.cast import cast_rows
from tieout.contracts.odcs import Contract, RuleKind, contract_file, load_contract
from tieout.criteria.controls import Control, load_control
from tieout.criteria.periods import WindowKind, window
from tieout.settings import Settings

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
WEEKS = tuple(f"2026-W{number:02}" for number in range(1, 27))
MONTHS = tuple(f"2026-{number:02}" for number in range(1, 7))
LAST_WEEK = WEEKS[-1:]
WINDOWS = {
    "cc6_1_cloud_user_mfa": LAST_WEEK,
    "cc6_1_access_key_age": LAST_WEEK,
    "cc6_1_cloud_encryption": LAST_WEEK,
    "cc6_3_cloud_access": LAST_WEEK,
    "cc7_2_threat_alerts": MONTHS,
    "cc7_1_cloud_vulnerabilities": MONTHS,
    "cc7_1_cloud_change_log": MONTHS,
    "cc7_2_metric_alarms": WEEKS,
    "a1_2_backup_coverage": WEEKS,
    "a1_3_restore_jobs": WEEKS,
}
"""The controls, each with its windows; what shows only what stands now is read at the period's end."""


def company(*, faults: bool = True) -> Company:
    """Return a company of a size for tests."""
    return Company(START, END, people=60, changes=60, pages=60, faults=faults)


@cache
def _control(repository: Path, control_id: str) -> tuple[Control, Contract]:
    control = load_control(repository / "include/criteria/controls" / f"{control_id}.yaml")
    return control, load_contract(contract_file(repository / "include/evidence_schemas", control.evidence_type))


@dataclass
class AwsScene:
    """A running account, and a folder for extractions."""

    api: Aws
    reach: AwsReach
    server: Server
    folder: Path
    repository: Path
    settings: Settings
    numbers: Iterator[int] = field(default_factory=count)

    def control(self, control_id: str) -> tuple[Control, Contract]:
        """Return a control that ships, and its contract."""
        return _control(self.repository, control_id)

    def frame(self, control_id: str, key: str, **parameters: Any) -> Frame:
        """Return the frame of a control's window; parameters stand before those of its YAML."""
        control, _ = self.control(control_id)
        more = {"cc7_1_cloud_change_log": {"seconds_between": 0}, "cc6_3_cloud_access": self._access()}.get(control_id, {})
        source = control.source("aws")
        source = source.model_copy(update={"parameters": {**source.parameters, **more, **parameters}})
        folder = self.folder / f"work-{next(self.numbers)}"
        folder.mkdir()
        kind = WindowKind.WEEKLY if "W" in key else WindowKind.MONTHLY
        target = window(kind, key, ZoneInfo("UTC"))
        frame = Frame(self.settings, source, target, folder, reach=self.reach)
        frame.sleep = lambda _: None
        return frame

    def _access(self) -> dict[str, Any]:
        holders = {f"arn:aws:iam::{ACCOUNT}:root": SECURITY_LEAD}
        return {"keys": [self.api.key_arn], "buckets": [EVIDENCE_BUCKET], "holders": holders}

    def extract(self, control_id: str, frame: Frame) -> Extraction:
        """Extract, as the schedule does: six hours after the window's end."""
        control, contract = self.control(control_id)
        after = frame.window.end + timedelta(hours=6)
        return extract(frame, contract, Inclusion(control.population.inclusion_date_field), lambda: after, None)

    def collect(self, control_id: str, key: str, **parameters: Any) -> tuple[Extraction, list[dict[str, Any]]]:
        """Extract a window, and return its rows in the contract's types."""
        extraction = self.extract(control_id, self.frame(control_id, key, **parameters))
        _, contract = self.control(control_id)
        with pa.OSFile(str(extraction.rows)) as file:
            rows = pa.ipc.open_stream(file).read_all()
        return extraction, cast_rows(rows, contract, "aws").to_pylist()

    def unmet(self, control_id: str, rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
        """Return each control rule that a row does not meet, with the row's key; what can not be told is none of them."""
        _, contract = self.control(control_id)
        found = []
        for rule in (rule for rule in contract.rules if rule.kind is RuleKind.CONTROL):
            column = rule.arguments["column"]
            for row in rows:
                value = row[column]
                if rule.expectation == "expect_column_values_to_not_be_null":
                    is_unmet = value is None
                else:
                    assert rule.expectation == "expect_column_values_to_be_in_set"
                    is_unmet = value is not None and value not in rule.arguments["value_set"]
                if is_unmet:
                    found.append((rule.id, " ".join(str(row[name]) for name in contract.key[1:])))
        return found

    def with_identity_key(self, key: str) -> AwsScene:
        """Return the same scene with person ids on."""
        return replace(self, settings=replace(self.settings, identity_key=key))
