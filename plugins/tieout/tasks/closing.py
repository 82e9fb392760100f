# SPDX-License-Identifier: Apache-2.0
"""The operators at and after a period's end: true-up, post-period extract, close."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tieout.criteria.periods import LINGER
from tieout.criteria.scope import load_scope
from tieout.settings import Settings, from_environment
from tieout.tasks.runs import airflow_run, by, named_period, now

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tieout.criteria.periods import ObservationPeriod
    from tieout.flows.status import Program

log = logging.getLogger(__name__)


class PlanOperator(BaseOperator):
    """Say what a run is about: each system of each control, and a period.

    Args:
        what: ``true_up`` or ``post_period``.

    Returns:
        One set of arguments for each mapped task.
    """

    def __init__(self, *, what: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.what = what

    def execute(self, context: Context) -> list[dict[str, str]]:
        """Take the period that the run names; for a true-up by schedule, what is due of those that have ended."""
        from tieout.flows.post_period import populations
        from tieout.flows.status import read_program
        from tieout.flows.true_up import trued_up

        settings = from_environment()
        program = read_program(settings)
        named = named_period(program, context)
        if self.what == "post_period":
            if named is None or not context["params"].get("until"):
                msg = "name the period and the date up to which to extract in the run's parameters: period, until"
                raise AirflowFailException(msg)
            slots = {named.id: populations(program, named)}
        elif named is not None:
            slots = {named.id: trued_up(program, named)}
        else:
            slots = _due(settings, program)
        return [
            {"control_id": control_id, "system": system, "period_id": period_id}
            for period_id, found in slots.items()
            for control_id, system in found
        ]


def _due(settings: Settings, program: Program) -> dict[str, list[tuple[str, str]]]:
    """Return, by period that has ended, control and system of each true-up that is due."""
    from tieout.flows.differences import true_ups_due
    from tieout.flows.outlook import current_periods
    from tieout.flows.status import read_facts
    from tieout.tasks.connections import stores

    at = now()
    evidence, _ = stores(settings)
    facts = read_facts(evidence, at)
    return {
        period.id: true_ups_due(evidence, program, facts, period, at)
        for period in current_periods(program, at, LINGER)
        if period.end(program.scope.zone) <= at
    }


class _MappedOperator(BaseOperator):
    """What the mapped tasks share: one system of one control, and a period."""

    template_fields = ("control_id", "system", "period_id")

    def __init__(self, *, control_id: str, system: str, period_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.control_id = control_id
        self.system = system
        self.period_id = period_id

    def period(self, settings: Settings) -> ObservationPeriod:
        """Return the period."""
        from tieout.flows.status import choose_period

        return choose_period(load_scope(settings.scope_file).observation_periods, self.period_id, date.min)


class TrueUpOperator(_MappedOperator):
    """Extract a period again, compare with what has landed, land the differences.

    Returns:
        Manifest and how many rows differ: a reference, never evidence.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """True up one system of one control."""
        from tieout.flows.true_up import plan_true_up, true_up
        from tieout.tasks.connections import AirflowReach, landing_signer, stores

        settings = from_environment()
        scope = load_scope(settings.scope_file)
        today = scope.calendar.day_of(now())
        job = plan_true_up(settings, self.control_id, self.system, self.period(settings), today, AirflowReach())
        evidence, _ = stores(settings)
        with TemporaryDirectory(prefix="tieout-") as work:
            reference, found = true_up(job, evidence, landing_signer(settings), now, Path(work), airflow_run(context))
        log.info(
            "%s %s: %s rows landed, %s at the source now, %s differ: %s",
            self.control_id, self.system, found.before, found.after, found.rows.num_rows, reference.manifest_key,
        )  # fmt: skip
        if found.rows.num_rows:
            log.warning("Each difference has to be explained before the period can be closed: tieout true-up --help")
        return {
            "control": self.control_id,
            "system": self.system,
            "manifest_key": reference.manifest_key,
            "manifest_sha256": reference.manifest_sha256,
            "differences": found.rows.num_rows,
        }


class PostPeriodOperator(_MappedOperator):
    """Extract what happened after a period's end, up to a stated date.

    Returns:
        Manifest and rows: a reference, never evidence.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Extract one system of one control."""
        from tieout.flows.post_period import extract, plan_post_period
        from tieout.tasks.connections import AirflowReach, landing_signer, stores

        settings = from_environment()
        until = date.fromisoformat(context["params"]["until"])
        job = plan_post_period(settings, self.control_id, self.system, self.period(settings), until, AirflowReach())
        evidence, _ = stores(settings)
        with TemporaryDirectory(prefix="tieout-") as work:
            reason = context["params"].get("supersede_reason")
            reference = extract(job, evidence, landing_signer(settings), now, Path(work), airflow_run(context), reason)
        log.info("%s %s: %s rows after the period: %s", self.control_id, self.system, reference.rows, reference.manifest_key)
        return {"manifest_key": reference.manifest_key, "manifest_sha256": reference.manifest_sha256, "rows": reference.rows}


class CloseOperator(BaseOperator):
    """Close the oldest period that has ended and is not closed, once nothing of it is open.

    Returns:
        Id of the period, whose final digest is next.
    """

    def execute(self, context: Context) -> str:
        """Skip, and say what is open, where it can not be closed yet."""
        from tieout.flows.close import close, is_closed, open_points
        from tieout.flows.differences import read_true_ups
        from tieout.flows.reconciliation_state import read_reconciliations
        from tieout.flows.status import read_holdings, read_program, status
        from tieout.flows.upkeep import retention_for
        from tieout.tasks.connections import landing_signer, stores
        from tieout.tasks.deviations import land_now

        settings = from_environment()
        program, at = read_program(settings), now()
        scope = program.scope
        evidence, _ = stores(settings)
        held = read_holdings(evidence, at)
        named = named_period(program, context)
        ended = [period for period in scope.observation_periods if period.type == 2 and period.end(scope.zone) <= at]
        to_close = [period for period in ([named] if named else ended) if not is_closed(held.records, period, scope)]
        if not to_close:
            raise AirflowSkipException("no period has ended and is not closed")
        period = min(to_close, key=lambda each: each.end_day)
        found = status(program, held.facts, period, at)
        with TemporaryDirectory(prefix="tieout-") as work:
            true_ups = read_true_ups(evidence, period, Path(work))
            reconciled = read_reconciliations(evidence, program, held.facts, period, at, Path(work))
        _, register = land_now(settings, program, found, held.index)  # as it stands when the period is closed
        points = open_points(program, found, true_ups, register.deviations, at, reconciled)
        if points:
            _log_points(period, points)
            raise AirflowSkipException(f"{period.id} can not be closed: {len(points)} points are open, see the log")
        retention = retention_for(settings, scope, period.id, at)
        key = close(
            settings,
            found,
            true_ups,
            register.deviations,
            evidence,
            landing_signer(settings),
            retention,
            by(context),
            at,
            reconciled,
        )
        log.info("%s is closed: %s. The digest that follows is its final one.", period.id, key)
        return period.id


def _log_points(period: ObservationPeriod, points: Sequence[str]) -> None:
    log.warning("%s can not be closed yet, %s points are open:", period.id, len(points))
    for point in points:
        log.warning("  %s", point)
