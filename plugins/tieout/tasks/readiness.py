# SPDX-License-Identifier: Apache-2.0
"""The operators before and during a period: readiness, snapshots, freshness."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tieout.criteria.periods import LINGER
from tieout.settings import from_environment
from tieout.tasks.runs import SHOWN, by, named_period, now

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)
_BEFORE = timedelta(days=45)
"""So long before its start, readiness looks at a period by itself."""


class ReadinessOperator(BaseOperator):
    """Check that everything is there that a period will need, and record it.

    Returns:
        Key of the record, and how many checks came to what.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Run every check; fail if one is not ready."""
        from tieout.flows import readiness as flow
        from tieout.flows.status import read_program
        from tieout.flows.upkeep import retention_for
        from tieout.tasks.connections import AirflowReach, doctor_clients, landing_signer, slack_reach, stores

        settings = from_environment()
        program = read_program(settings)
        at = now()
        today = program.scope.calendar.day_of(at)
        coming = [each for each in program.scope.observation_periods if today - LINGER < each.first_day <= today + _BEFORE]
        period = named_period(program, context) or max(coming, key=lambda each: each.first_day, default=None)
        if period is None:
            raise AirflowSkipException(
                "no period starts within 45 days; to check one all the same, name it in the run's parameters"
            )
        checks = flow.check_files(settings)
        checks += flow.check_bucket(doctor_clients(settings), settings, now)
        checks += flow.check_owners(program, period, slack_reach(settings))
        for check in flow.check_collectors(settings, program, period, now, _progress, AirflowReach()):
            checks.append(check)
            log.info("%s: %s %s: %s", check.outcome, check.what, check.subject, check.detail)
        evidence, _ = stores(settings)
        retention = retention_for(settings, program.scope, period.id, at)
        key = flow.record_readiness(period, checks, today, evidence, landing_signer(settings), retention, by(context), at)
        counts = {outcome.value: sum(check.outcome is outcome for check in checks) for outcome in flow.Ready}
        not_ready = [check for check in checks if check.outcome is flow.Ready.NOT_READY]
        if not_ready:
            listed = "\n".join(f"{check.what} {check.subject}: {check.detail}" for check in not_ready[:SHOWN])
            msg = f"{len(not_ready)} checks of {period.id} are not ready, recorded in {key}:\n{listed}"
            raise AirflowFailException(msg)
        return {"record": key, **counts}


def _progress(done: int, total: int) -> None:
    if done % 10 == 0 or done == total:
        log.info("Ran %s of %s collectors", done, total)


class SnapshotOperator(BaseOperator):
    """Land the snapshots of scope, controls and contracts that are due: at the start of a period, and of each month in it.

    Returns:
        Keys of the records that were written now.
    """

    def execute(self, context: Context) -> list[str]:
        """Take each snapshot that its occasion does not have yet."""
        from tieout.flows.outlook import current_periods
        from tieout.flows.snapshot import occasions_due, take_snapshot
        from tieout.flows.status import read_program
        from tieout.flows.upkeep import retention_for
        from tieout.tasks.connections import landing_signer, stores

        settings = from_environment()
        program, at = read_program(settings), now()
        evidence, _ = stores(settings)
        taken = []
        for period in current_periods(program, at, timedelta()):
            retention = retention_for(settings, program.scope, period.id, at)
            # What was not taken on its day can not be taken later: the files are today's.
            occasion = occasions_due(period, program.scope, at)[-1]
            key, new = take_snapshot(
                settings, program.scope, period, occasion, evidence, landing_signer(settings), retention, by(context), at
            )
            log.info("%s %s: %s", period.id, occasion, key if new else "taken already")
            taken += [key] if new else []
        return taken


class FreshnessOperator(BaseOperator):
    """Look what is stale, and what is about to be missed.

    Returns:
        How many there are of each.
    """

    def execute(self, context: Context) -> dict[str, int]:  # noqa: ARG002
        """Log every notice; fail if anything is stale, so that whoever watches Airflow is told."""
        from tieout.audit.outlook import NoticeKind, by_kind
        from tieout.flows.outlook import current_periods, look
        from tieout.flows.status import read_facts, read_program
        from tieout.tasks.connections import stores

        settings = from_environment()
        program, at = read_program(settings), now()
        evidence, _ = stores(settings)
        facts = read_facts(evidence, at)
        found = [
            notice
            for period in current_periods(program, at, LINGER)
            for notice in look(program, facts, period, at, settings.notice_days)
        ]
        for notice in found:
            log.warning("%s", notice.as_text())
        counts = {kind.value: number for kind, number in by_kind(found).items()}
        if counts[NoticeKind.STALE.value] or program.broken:
            stale = [notice.as_text() for notice in found if notice.kind is NoticeKind.STALE]
            raise AirflowFailException("\n".join([f"{len(stale)} things are stale:", *stale[:SHOWN], *program.broken]))
        return counts
