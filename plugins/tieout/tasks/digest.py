# SPDX-License-Identifier: Apache-2.0
"""The operators that keep the evidence store: record what silence would hide, seal everything into the chain, anchor its head."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from tieout.settings import from_environment
from tieout.tasks.runs import now

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


class RecordOperator(BaseOperator):
    """Record, as the writer: windows that were not extracted, and leftovers of runs that never finished.

    Returns:
        How many records of each were written.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Look for silence, and sign what is found."""
        from tieout.flows.upkeep import sweep
        from tieout.tasks.connections import landing_signer, stores

        settings = from_environment()
        evidence, _ = stores(settings)
        task = context["ti"]
        swept = sweep(settings, evidence, landing_signer(settings), now, f"{task.dag_id} {task.run_id} {task.task_id}")
        log.info("Recorded: %s windows not extracted, %s landings abandoned", swept.not_extracted, swept.abandoned)
        return asdict(swept)


class SealOperator(BaseOperator):
    """Seal, as the digest principal: the next digest of the chain, and the index.

    Returns:
        Sequence, key and hash of the digest, and how much it covers: a reference, never evidence.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """List the bucket, write the digest, roll the index."""
        from tieout.flows.digest import chain_retention, seal
        from tieout.tasks.connections import digest_signer, digest_store

        settings = from_environment()
        store = digest_store(settings)
        sealed = seal(
            store,
            digest_signer(settings),
            chain_retention(settings, now()),
            now,
            settings.digest_cadence_seconds,
            closes=[context["params"]["closes"]] if context["params"].get("closes") else [],
            progress=_progress,
        )
        log.info(
            "Digest %s: %s new versions, %s new delete markers, %s landings indexed. Head: %s",
            sealed.sequence, sealed.new_versions, sealed.new_delete_markers, sealed.indexed, sealed.sha256,
        )  # fmt: skip
        if sealed.new_delete_markers:
            log.warning("Delete markers hide evidence: run tieout verify, and find out who put them there.")
        return asdict(sealed)


class AnchorOperator(BaseOperator):
    """Anchor, as the digest principal: a time stamp of the head, and a message to the auditor's channel.

    Returns:
        When it was stamped, and whether it was announced.
    """

    template_fields = ("sealed",)

    def __init__(self, *, sealed: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sealed = sealed

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002
        """Send the head to whoever the settings name."""
        from tieout.flows.anchor import anchor
        from tieout.flows.digest import chain_retention
        from tieout.tasks.connections import digest_store

        settings = from_environment()
        anchored = anchor(settings, digest_store(settings), self.sealed["sequence"], chain_retention(settings, now()))
        if anchored.stamped_at is None and not anchored.announced:
            log.warning("The head is anchored nowhere: set TIEOUT_TSA_URL or TIEOUT_ANNOUNCE_TO (README, Production).")
        else:
            log.info("Head stamped at %s, announced: %s", anchored.stamped_at, anchored.announced)
        return asdict(anchored)


def _progress(done: int, total: int) -> None:
    if done % 1000 == 0:
        log.info("Looked at %s of %s new versions", done, total)
