# SPDX-License-Identifier: Apache-2.0
"""The operators of reconciliation: say which windows are due, then hold one population against the other."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from tieout.criteria.periods import LINGER
from tieout.settings import from_environment
from tieout.tasks.runs import airflow_run, named_period, now

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


class ReconcilePlanOperator(BaseOperator):
    """Say which windows are due: both sides have landed, and nothing stands that was made of them.

    Returns:
        One set of arguments for each mapped task.
    """

    def execute(self, context: Context) -> list[dict[str, str]]:
        """Look at the period that the run names; by schedule, at those that today concerns and that are not closed."""
        from tieout.flows.close import is_closed
        from tieout.flows.outlook import current_periods
        from tieout.flows.reconciliation_state import reconciliations_due
        from tieout.flows.status import read_holdings, read_program
        from tieout.tasks.connections import stores

        settings, at = from_environment(), now()
        program = read_program(settings)
        evidence, _ = stores(settings)
        held = read_holdings(evidence, at)
        named = named_period(program, context)
        current = current_periods(program, at, LINGER)
        periods = [named] if named else [each for each in current if not is_closed(held.records, each, program.scope)]
        due = [each for period in periods for each in reconciliations_due(evidence, program, held.facts, period, at)]
        return [
            {"control_id": control_id, "reconciliation": reconciliation, "window": window}
            for control_id, reconciliation, window in dict.fromkeys(due)  # a window at the edge is owed in two periods
        ]


class ReconcileOperator(BaseOperator):
    """Reconcile one window of a control with the other population, land the differences.

    Returns:
        Manifest and how many rows differ: a reference, never evidence.
    """

    template_fields = ("control_id", "reconciliation", "window")

    def __init__(self, *, control_id: str, reconciliation: str, window: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.control_id = control_id
        self.reconciliation = reconciliation
        self.window = window

    def execute(self, context: Context) -> dict[str, Any]:
        """Reconcile."""
        from tieout.flows.reconciliation import plan_reconciliation, reconcile_window
        from tieout.tasks.connections import landing_signer, stores

        settings = from_environment()
        plan = plan_reconciliation(settings, self.control_id, self.reconciliation, self.window)
        evidence, _ = stores(settings)
        with TemporaryDirectory(prefix="tieout-") as work:
            reference, found = reconcile_window(plan, evidence, landing_signer(settings), now, Path(work), airflow_run(context))
        log.info(
            "%s %s %s: %s rows here, %s of them matched; %s there, %s matched; %s differ: %s",
            self.control_id, self.reconciliation, self.window, found.here.rows, found.here.matched, found.there.rows,
            found.there.matched, found.rows.num_rows, reference.manifest_key,
        )  # fmt: skip
        if found.rows.num_rows:
            log.warning("Each difference has to be explained before the period can be closed: tieout reconciliations --help")
        return {
            "control": self.control_id,
            "reconciliation": self.reconciliation,
            "window": self.window,
            "manifest_key": reference.manifest_key,
            "manifest_sha256": reference.manifest_sha256,
            "differences": found.rows.num_rows,
        }
