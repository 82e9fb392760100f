# SPDX-License-Identifier: Apache-2.0
"""The library's reconciliations over its made-up exports: what differs is what the exports were made to show."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from tieout.audit.reconciliation import RECONCILIATION_TYPE, Reconciled, Side, reconcile
from tieout.collectors.frame import Frame
from tieout.contracts.odcs import LANDING_COLUMN, contract_file, load_contract
from tieout.criteria.controls import control_files, load_control
from tieout.criteria.scope import load_scope
from tieout.flows import population_export as flow
from tieout.local.samples import rebuild_repository
from tieout.settings import Settings

REPOSITORY = Path(__file__).parents[2]
SETTINGS = Settings(home=REPOSITORY, environment="test")
DAYS = date(2026, 1, 1), date(2026, 7, 1)
SPAN = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
RULES = {
    (control_id, rule.id): rule
    for control_id, path in control_files(SETTINGS.controls_folder).items()
    for rule in load_control(path).reconciliations
}


def side(control_id: str, system: str, folder: Path) -> Side:
    """Return what a control's export holds of the first half of 2026."""
    period = load_scope(SETTINGS.scope_file).period("2026-H1")
    assert period
    job = flow.plan_span(SETTINGS, control_id, system, period, "a-test", DAYS)
    if "repository" in job.source.parameters:
        repository = folder / "protected_branch.git"
        rebuild_repository(REPOSITORY / "include/samples/protected_branch_merges.csv.gz", repository)
        job.source.parameters["repository"] = str(repository)
    work = folder / system
    work.mkdir()
    frame = Frame(job.settings, job.source, job.window, work)
    extraction = flow.collect(job, frame, lambda: datetime(2026, 7, 2, tzinfo=UTC), None)
    rows = flow.typed_rows(job, extraction, work).select(job.contract.schema.names)
    landed = rows.append_column(LANDING_COLUMN, pa.array([f"{system}-landing"] * rows.num_rows))
    return Side(landed, job.contract, job.control.population.inclusion_date_field)


def found(control_id: str, rule_id: str, folder: Path) -> Reconciled:
    """Reconcile the whole half-year."""
    rule = RULES[control_id, rule_id]
    sides = side(control_id, rule.system, folder), side(rule.other.control, rule.other.system, folder)
    return reconcile(
        *sides, rule, load_contract(contract_file(SETTINGS.contracts_folder, RECONCILIATION_TYPE)), SPAN, "H1", folder
    )


@pytest.mark.parametrize(
    ("control_id", "rule_id", "matched", "differ"),
    [
        ("cc8_1_change_management", "export_to_repository", 1137, {}),
        (
            "cc8_1_emergency_changes",
            "incidents",
            5,
            {("not determinable", "EMC-2026-001"): 1, ("not determinable", "EMC-2026-005"): 1},
        ),
        ("cc7_4_incident_response", "alerts", 4, {("only here", "INC-2026-005"): 1, ("only here", "INC-2026-006"): 1}),
        ("cc1_4_security_training", "hires", 13, {}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_differs_is_what_the_exports_were_made_to_show(
    control_id: str, rule_id: str, matched: int, differ: dict[tuple[str, str], int], tmp_path: Path
) -> None:
    said = found(control_id, rule_id, tmp_path)
    rows = said.rows.to_pylist()
    assert Counter((row["difference"], list(json.loads(row["row_key"]).values())[1]) for row in rows) == differ
    assert said.here.matched == matched
    assert said.second_count == len(rows)


def test_every_reconciliation_of_the_librarys_exports_is_among_these() -> None:
    assert {(control_id, rule.id) for (control_id, _), rule in RULES.items() if is_export(control_id, rule.system)} == {
        ("cc8_1_change_management", "export_to_repository"),
        ("cc8_1_emergency_changes", "incidents"),
        ("cc7_4_incident_response", "alerts"),
        ("cc1_4_security_training", "hires"),
    }


def is_export(control_id: str, system: str) -> bool:
    """Whether a control reads a system from the repository's made-up exports, and not from a named source."""
    control = load_control(SETTINGS.controls_folder / f"{control_id}.yaml")
    [source] = [source for source in control.systems if source.system == system]
    return source.collector in ("object_drop", "csv_merges", "git_merges")
