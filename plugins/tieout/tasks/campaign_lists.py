# SPDX-License-Identifier: Apache-2.0
"""Tasks of the lists that a campaign is made of, or held against afterwards: collect, validate, land, for each of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from airflow.sdk import BaseOperator, TaskGroup

from tieout.errors import ConfigurationError
from tieout.tasks.operators import CollectOperator, LandOperator, ValidateOperator
from tieout.tasks.windows import Slot


def extraction(system: str, slot: Slot, common: dict[str, Any], until: Any = None) -> BaseOperator:
    """Add collect, validate and land of one list, and return the last of them.

    Args:
        system: The system that it lands under.
        slot: Whether it is the first list or the second one.
        common: What all tasks of the DAG are given.
        until: Of the second one: as of when it is collected, from the task before.
    """
    said = {**common, "system": system, "slot": slot}
    if until is not None:
        said["until"] = until
    with TaskGroup(group_id=system, dag=common["dag"]):
        collected = CollectOperator(task_id="collect", **said)
        validated = ValidateOperator(task_id="validate", reference=collected.output, **said)
        return LandOperator(task_id="land", reference=validated.output, **said)


def distinct(control_id: str, names: list[str], what: str, named: Collection[str]) -> list[str]:
    """Return the names of lists, each of which is that of a task group.

    Args:
        control_id: The control.
        names: Under what systems they land.
        what: What these are, for the error.
        named: Names of other tasks.

    Raises:
        ConfigurationError: Two are the same, or one is the name of a task.
    """
    wrong = sorted({name for name in names if names.count(name) > 1 or name in named})
    if wrong:
        msg = (
            f"control {control_id!r}: {what} need names of their own, other than {', '.join(sorted(named))}; got "
            f"{', '.join(wrong)}. Run tieout lint."
        )
        raise ConfigurationError(msg)
    return names
