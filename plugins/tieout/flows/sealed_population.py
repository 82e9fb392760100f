# SPDX-License-Identifier: Apache-2.0
"""The population of a whole period: the union of what its windows landed, each row once, in key order, with its number and seal.

1. Rows come from the landings that stand, read from the bucket and held against their manifests (`tieout.flows.true_up`).
2. They are chosen by the date that places a row in a window, never by the label that they are stored under.
3. A row that two windows show, as it moved from one to the other, counts once: as the later landing has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tieout.audit.selections import SealedPopulation
from tieout.criteria.periods import ObservationPeriod, window_key
from tieout.errors import ExtractionRefused
from tieout.evidence.rowhash import key_order, rows_sha256
from tieout.evidence.store import S3Store
from tieout.flows import population_export as flow
from tieout.flows.true_up import owed_days, union_of_landings
from tieout.settings import Settings

PERIOD = "period-"
"""What the key of the window of such a population starts with; nothing lands under it."""


@dataclass(frozen=True, slots=True)
class PeriodPopulation:
    """A period's population: what is sealed, the rows in key order, and the window of each.

    Attributes:
        sealed: What is sealed.
        rows: In the contract's columns, and ``_landing``.
        windows: Row numbers of each window, by its key.
        repeated: How many rows of the landings were left out, as a later landing has them too.
        key: Names of the key's columns.
    """

    sealed: SealedPopulation
    rows: pa.Table
    windows: dict[str, list[int]]
    repeated: int
    key: tuple[str, ...]


def period_population(
    settings: Settings,
    control_id: str,
    system: str,
    period: ObservationPeriod,
    store: S3Store,
    folder: Path,
    index: Iterable[dict[str, Any]] | None = None,
) -> PeriodPopulation:
    """Return the population of a period as it stands in the bucket now.

    Args:
        settings: The installation's.
        control_id: The control.
        system: Its system.
        period: The period.
        store: The evidence bucket.
        folder: An empty work folder.
        index: As `tieout.flows.true_up.union_of_landings`.

    Raises:
        ConfigurationError: A file is wrong, or there is no such control or system.
        ExtractionRefused: The control covers no day of the period.
        LandingConflict: A landing is not what the index or its manifest says: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    control, scope = flow.read_control(settings, control_id)
    first, end = owed_days(control, scope, period)
    if end <= first:
        msg = f"control {control_id!r}: no day of {period.id} is covered by it, so that it has no population there."
        raise ExtractionRefused(msg)
    job = flow.plan_span(settings, control_id, system, period, f"{PERIOD}{period.id}", (first, end))
    union, landings = union_of_landings(job, store, folder, index)
    rows = _each_once(union, job.contract.key)
    days = [scope.calendar.day_of(each) for each in rows[control.population.inclusion_date_field].to_pylist()]
    windows: dict[str, list[int]] = {}
    for number, day in enumerate(days, start=1):
        windows.setdefault(window_key(control.extraction_schedule.window, day), []).append(number)
    sealed = SealedPopulation(
        control=control_id,
        system=system,
        evidence_type=job.contract.evidence_type,
        observation_period=period.id,
        first_day=first.isoformat(),
        last_day=(end - timedelta(days=1)).isoformat(),
        rows=rows.num_rows,
        rows_sha256=rows_sha256(rows.select(job.contract.schema.names)),
        windows={key: len(numbers) for key, numbers in sorted(windows.items())},
        landings=tuple(sorted(landings)),
    )
    return PeriodPopulation(sealed, rows, dict(sorted(windows.items())), union.num_rows - rows.num_rows, job.contract.key)


def _each_once(union: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """Return rows in key order, each key as it stands last: landings come in the order of their windows and of their landing."""
    places = pa.array(np.arange(union.num_rows), pa.int64())
    last = union.select(list(key)).append_column("_place", places).group_by(list(key)).aggregate([("_place", "max")])
    kept = union.take(last["_place_max"])
    order = key_order(kept, key)
    return kept if order is None else kept.take(order)
