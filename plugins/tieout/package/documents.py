# SPDX-License-Identifier: Apache-2.0
"""The documents of a package that programs read: its contents, what it only names, OSCAL. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from tieout import __version__
from tieout.audit.oscal import component_definition, plan_of_action
from tieout.evidence.store import ObjectVersion
from tieout.package.facts import Facts
from tieout.package.pages import Held
from tieout.package.sealed_store import SealedStore
from tieout.package.targets import Added
from tieout.times import instant

VERSION = 1
"""Of the list of contents."""
REFERENCE_COLUMNS = pa.schema([*((name, pa.string()) for name in ("uri", "version_id", "sha256")), ("bytes", pa.int64())])


def contents(facts: Facts, held: Held, added: Iterable[Added]) -> dict[str, Any]:
    """Return what a package is of, and every page and table of it with its hash: what `verify_package.py` reads first.

    Args:
        facts: What the package says.
        held: What it holds of the bucket.
        added: Its pages and tables.
    """
    head = facts.store.head
    return {
        "version": VERSION,
        "observation_period": facts.period.id,
        "type": facts.period.type,
        "first_day": facts.period.first_day.isoformat(),
        "end_day": facts.period.end_day.isoformat(),
        "time_zone": facts.program.scope.time_zone,
        "bucket": facts.store.bucket,
        "digest": {"sequence": head.sequence, "sha256": head.sha256, "to": instant(head.end)},
        "program": facts.program_as_of.commit,
        "made_with": f"tieout {__version__}",
        "by_reference": held.referred > 0,
        "objects": {
            "held": held.objects, "bytes": held.bytes, "by_reference": held.referred, "of_other_periods": held.elsewhere,
        },
        "files": [
            {"name": each.name, "bytes": each.bytes, "sha256": each.sha256} for each in sorted(added, key=lambda each: each.name)
        ],
    }  # fmt: skip


def references(store: SealedStore, referred: Iterable[ObjectVersion]) -> pa.Table:
    """Return objects that a package names and does not hold: where each stands, in which version, and its hash."""
    rows = [
        {
            "uri": f"s3://{store.bucket}/{each.key}",
            "version_id": each.version_id,
            "sha256": store.sha256_of(each),
            "bytes": each.size,
        }
        for each in referred
    ]
    return pa.Table.from_pylist(rows, schema=REFERENCE_COLUMNS)


def oscal_documents(facts: Facts) -> dict[str, dict[str, Any]]:
    """Return the OSCAL documents of a package, by name: its controls as they stood last in the period, and its deviations."""
    scope, period = facts.program.scope, facts.period
    controls = {each.control: facts.program.controls[each.control] for each in facts.status.controls}
    last = min(period.end_day.toordinal() - 1, scope.calendar.day_of(facts.as_of).toordinal())
    day = period.first_day.fromordinal(max(last, period.first_day.toordinal()))
    system, catalogue = scope.system_name, facts.program.catalogue
    return {
        "component-definition": component_definition(system, controls, catalogue, scope.edition, day, facts.as_of),
        "plan-of-action-and-milestones": plan_of_action(
            system, facts.store.bucket, period.id, facts.register.deviations, facts.as_of
        ),
    }
