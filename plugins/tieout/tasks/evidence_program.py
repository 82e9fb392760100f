# SPDX-License-Identifier: Apache-2.0
"""The DAGs of the evidence program: they keep the store, and look after each observation period from readiness to close.

evidence_digest         hourly      record what silence would hide, seal the chain, anchor its head
evidence_readiness      weekly      before a period starts: files, bucket, clock, owners, a dry run of every collector
evidence_freshness      daily       snapshots that are due; what is stale, what is about to be missed
evidence_reconciliation daily       windows whose both sides have landed: hold one population against the other, land differences
evidence_true_up        daily       of ended periods, or one that a run names: extract again, compare, land differences
evidence_period_close   daily       when nothing of an ended period is open: last snapshot, closing record, final digest
evidence_post_period    by hand     what happened after a period's end, up to a stated date
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Param

from tieout.criteria.scope import time_zone_of
from tieout.settings import Settings, from_environment
from tieout.tasks.closing import CloseOperator, PlanOperator, PostPeriodOperator, TrueUpOperator
from tieout.tasks.deviations import RegisterOperator
from tieout.tasks.digest import AnchorOperator, RecordOperator, SealOperator
from tieout.tasks.readiness import FreshnessOperator, ReadinessOperator, SnapshotOperator
from tieout.tasks.reconciling import ReconcileOperator, ReconcilePlanOperator
from tieout.tasks.retries import retry_arguments

DIGEST, READINESS, FRESHNESS = "evidence_digest", "evidence_readiness", "evidence_freshness"
DEVIATIONS = "evidence_deviations"
TRUE_UP, PERIOD_CLOSE, POST_PERIOD = "evidence_true_up", "evidence_period_close", "evidence_post_period"
RECONCILIATION = "evidence_reconciliation"
_PERIOD = "Observation period; empty for the one that is due"
_MAPPED_AT_ONCE = 4


def _dag(settings: Settings, dag_id: str, description: str, schedule: Any, **params: Param) -> DAG:
    return DAG(
        dag_id=dag_id,
        description=description,
        schedule=schedule,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["tieout", "evidence_program"],
        params=params,
        default_args={"owner": "tieout", **retry_arguments(settings)},
    )


def _text(description: str) -> Param:
    return Param(None, type=["null", "string"], description=description)


def digest_dag(settings: Settings) -> DAG:
    """Return the DAG that seals the bucket, one run at a time, every `Settings.digest_cadence_seconds`."""
    description = "Record what was not extracted or left behind, then seal everything into the signed chain of digests"
    closes = _text("Observation period whose final digest this is")
    dag = _dag(settings, DIGEST, description, settings.digest_cadence, closes=closes)
    recorded = RecordOperator(task_id="record", dag=dag)
    queue = {"queue": settings.digest_queue} if settings.digest_queue else {}
    sealed = SealOperator(task_id="seal", dag=dag, **queue)
    recorded >> sealed
    AnchorOperator(task_id="anchor", sealed=sealed.output, dag=dag, **queue)
    return dag


def readiness_dag(settings: Settings, time_zone: str) -> DAG:
    """Return the DAG that checks, each Monday, that a period which starts within 45 days has what it needs."""
    description = "Before a period: files, bucket, keys, clock, owners, and a dry run of every collector; recorded"
    dag = _dag(settings, READINESS, description, _cron("0 5 * * 1", time_zone), period=_text(_PERIOD))
    ReadinessOperator(task_id="check", dag=dag)
    return dag


def freshness_dag(settings: Settings, time_zone: str) -> DAG:
    """Return the DAG that takes snapshots that are due and fails, every day, where evidence is stale."""
    description = "Snapshots that are due; what is stale, and what is about to be missed"
    dag = _dag(settings, FRESHNESS, description, _cron("0 7 * * *", time_zone))
    SnapshotOperator(task_id="snapshot", dag=dag)
    FreshnessOperator(task_id="look", dag=dag)
    return dag


def deviations_dag(settings: Settings, time_zone: str) -> DAG:
    """Return the DAG that lands, every day, the deviations and risk acceptances of the periods that today concerns."""
    description = "The register of deviations, with what management says of them, and of risk acceptances; lands what is new"
    dag = _dag(settings, DEVIATIONS, description, _cron("0 8 * * *", time_zone), period=_text(_PERIOD))
    RegisterOperator(task_id="land", dag=dag)
    return dag


def reconciliation_dag(settings: Settings, time_zone: str) -> DAG:
    """Return the DAG that reconciles, every day, each window that can be and has not been, and lands what differs."""
    description = "Hold a population against another one, as controls define it, once both have landed: land what differs"
    dag = _dag(settings, RECONCILIATION, description, _cron("30 7 * * *", time_zone), period=_text(_PERIOD))
    planned = ReconcilePlanOperator(task_id="plan", dag=dag)
    mapped = ReconcileOperator.partial(task_id="reconcile", dag=dag, max_active_tis_per_dag=_MAPPED_AT_ONCE)
    mapped.expand_kwargs(planned.output)
    return dag


def true_up_dag(settings: Settings, time_zone: str) -> DAG:
    """Return the DAG that extracts ended periods, or one that a run names, again, and lands what differs."""
    description = "Extract a whole period again and compare with the union of its landings: added, vanished, changed"
    dag = _dag(settings, TRUE_UP, description, _cron("0 3 * * *", time_zone), period=_text(_PERIOD))
    planned = PlanOperator(task_id="plan", what="true_up", dag=dag)
    mapped = TrueUpOperator.partial(task_id="true_up", dag=dag, max_active_tis_per_dag=_MAPPED_AT_ONCE)
    mapped.expand_kwargs(planned.output)
    return dag


def period_close_dag(settings: Settings, time_zone: str) -> DAG:
    """Return the DAG that closes an ended period once nothing of it is open, and asks for its final digest."""
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

    description = "When true-up and follow-up of an ended period are done: last snapshot, closing record, final digest"
    dag = _dag(settings, PERIOD_CLOSE, description, _cron("0 4 * * *", time_zone), period=_text(_PERIOD))
    closed = CloseOperator(task_id="close", dag=dag)
    TriggerDagRunOperator(task_id="final_digest", trigger_dag_id=DIGEST, conf={"closes": closed.output}, dag=dag)
    return dag


def post_period_dag(settings: Settings) -> DAG:
    """Return the DAG that extracts what happened after a period's end, up to a stated date."""
    description = "What happened after a period's end, up to a stated date: incidents, changes, late deviations"
    until = _text("Last day of the extract, for example 2027-01-31; it has to be over")
    reason = _text("Why this extract supersedes the one that has landed for the same day")
    period = _text("Observation period")
    dag = _dag(settings, POST_PERIOD, description, None, period=period, until=until, supersede_reason=reason)
    planned = PlanOperator(task_id="plan", what="post_period", dag=dag)
    mapped = PostPeriodOperator.partial(task_id="extract", dag=dag, max_active_tis_per_dag=_MAPPED_AT_ONCE)
    mapped.expand_kwargs(planned.output)
    return dag


def _cron(expression: str, time_zone: str) -> Any:
    from airflow.timetables.trigger import CronTriggerTimetable

    return CronTriggerTimetable(expression, timezone=time_zone, run_immediately=timedelta())


def dags() -> dict[str, DAG]:
    """Return the DAGs of the evidence program, by id.

    Raises:
        ConfigurationError: The settings or the scope file are wrong.
    """
    settings = from_environment()
    zone = time_zone_of(settings.scope_file)
    built = [
        digest_dag(settings),
        readiness_dag(settings, zone),
        freshness_dag(settings, zone),
        deviations_dag(settings, zone),
        reconciliation_dag(settings, zone),
        true_up_dag(settings, zone),
        period_close_dag(settings, zone),
        post_period_dag(settings),
    ]
    return {dag.dag_id: dag for dag in built}
