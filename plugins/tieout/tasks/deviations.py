# SPDX-License-Identifier: Apache-2.0
"""The operator that lands the registers of deviations and risk acceptances, and what other operators need of it."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from tieout.criteria.periods import LINGER
from tieout.settings import Settings, from_environment
from tieout.tasks.runs import named_period, now

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tieout.flows.deviations import Register
    from tieout.flows.status import Program, Status

log = logging.getLogger(__name__)


class RegisterOperator(BaseOperator):
    """Land the deviations and risk acceptances of each period that is not closed, or of the one that a run names.

    Returns:
        Keys of the manifests that landed now: none where nothing has changed.
    """

    def execute(self, context: Context) -> list[str]:
        """Read the evidence and the responses of each period, and land what they say now."""
        from tieout.flows.close import is_closed
        from tieout.flows.outlook import current_periods
        from tieout.flows.status import read_holdings, read_program, status
        from tieout.tasks.connections import stores

        settings = from_environment()
        program, at = read_program(settings), now()
        evidence, _ = stores(settings)
        named = named_period(program, context)
        held = read_holdings(evidence, at)
        periods = [named] if named else current_periods(program, at, LINGER)
        landed = []
        for period in periods:
            if not is_closed(held.records, period, program.scope):
                keys, _ = land_now(settings, program, status(program, held.facts, period, at), held.index)
                landed += keys
        return landed


def land_now(settings: Settings, program: Program, found: Status, index: list[dict[str, Any]]) -> tuple[list[str], Register]:
    """Land the registers of a period; returns the manifests' keys, and what they say.

    Args:
        settings: The installation's.
        program: The program's files.
        found: Where the period stands.
        index: `tieout.flows.index.landings`, with those that are superseded, as the status was read from it.
    """
    from tieout.flows.deviations import read_register, totals
    from tieout.flows.deviations_landing import land_registers
    from tieout.tasks.connections import landing_signer, stores

    evidence, _ = stores(settings)
    with TemporaryDirectory(prefix="tieout-") as work:
        register = read_register(settings, evidence, program, found, index, Path(work))
        landed = land_registers(settings, evidence, landing_signer(settings), program, register, Path(work), now)
    said = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in totals(register.deviations).items())
    log.info("%s: %s; %s registers landed", found.period.id, said, len(landed))
    return [each.manifest_key for each in landed], register
