# SPDX-License-Identifier: Apache-2.0
"""The quality rules of an evidence contract, as an ODCS 3.1 file states them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tieout.documents import Location, did_you_mean, line_of
from tieout.errors import ConfigurationError

if TYPE_CHECKING:
    from tieout.contracts.odcs import Column

_QUALITY: Location = ("schema", 0, "quality")


class RuleKind(StrEnum):
    """What a rule is about: the contract of the data, or the control."""

    CONTRACT = "contract"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Rule:
    """One quality rule: a Great Expectations expectation.

    Contract rules have severity ``critical``: one that is not met keeps the population from landing. Control rules have
    severity ``warning``: a row that does not meet one lands, with a potential deviation. A null in the column of a control
    rule, other than one about nulls, is *not determinable* for ``not_determinable_because``.
    """

    id: str
    name: str
    kind: RuleKind
    expectation: str
    arguments: dict[str, Any]
    not_determinable_because: str | None


@dataclass(frozen=True, slots=True)
class Mistakes:
    """What is wrong in a contract: collected, so that one reading names all of it."""

    path: Path
    lines: dict[Location, int]
    found: list[str] = field(default_factory=list)

    def add(self, at: Location, message: str) -> None:
        """Add one, at a location of the file."""
        self.found.append(f"{self.path}:{line_of(self.lines, at)}: {message}")

    def refuse(self) -> None:
        """Raise all of them as one `ConfigurationError`; none raises nothing."""
        if self.found:
            raise ConfigurationError("\n".join(self.found))


_KINDS = {"critical": RuleKind.CONTRACT, "warning": RuleKind.CONTROL}


def read_rules(schema: dict[str, Any], columns: dict[str, Column], mistakes: Mistakes) -> list[Rule]:
    """Return the rules of a contract's schema object, in the file's order; what is wrong with them goes to ``mistakes``."""
    rules: list[Rule] = []
    for number, entry in enumerate(schema.get("quality", [])):
        at = (*_QUALITY, number)
        rule = _rule(entry, at, mistakes)
        if rule is None:
            continue
        if any(rule.id == other.id for other in rules):
            mistakes.add((*at, "id"), f"rule {rule.id!r}: two quality rules share an id.")
        for message in _unfit(rule, columns):
            mistakes.add((*at, "implementation", "kwargs"), f"rule {rule.id!r}: {message}")
        rules.append(rule)
    return rules


def _rule(entry: dict[str, Any], at: Location, mistakes: Mistakes) -> Rule | None:
    where = f"rule {entry.get('id', '(no id)')!r}"
    implementation: Any = entry.get("implementation")
    well_formed = entry.get("engine") == "great-expectations" and "id" in entry
    if not well_formed or not _is_runnable(implementation):
        text = "expected an id, engine great-expectations, and an implementation with type and kwargs."
        mistakes.add(at, f"{where}: {text}")
        return None
    if entry.get("severity") not in _KINDS:
        text = f"expected severity critical (contract) or warning (control), got {entry.get('severity')!r}."
        mistakes.add((*at, "severity"), f"{where}: {text}")
        return None
    properties = {item["property"]: item["value"] for item in entry.get("customProperties", [])}
    return Rule(
        id=entry["id"],
        name=entry.get("name", entry["id"]),
        kind=_KINDS[entry["severity"]],
        expectation=implementation["type"],
        arguments=implementation["kwargs"] or {},
        not_determinable_because=properties.get("notDeterminableBecause"),
    )


def _is_runnable(implementation: Any) -> bool:
    if not isinstance(implementation, dict) or not {"type", "kwargs"} <= implementation.keys():
        return False
    return isinstance(implementation["type"], str) and isinstance(implementation["kwargs"], dict | None)


def _unfit(rule: Rule, columns: dict[str, Column]) -> Iterator[str]:
    """Say why the library could not run a rule as it stands."""
    for name in _mentioned(rule.arguments):
        if isinstance(name, str) and name in columns:
            continue
        hint = did_you_mean(str(name), columns)
        yield f"names column {name!r}, which the contract does not have.{' ' if hint else ''}{hint}"
    if "mostly" in rule.arguments:
        yield "'mostly' would call a rule met that some rows do not meet. Leave it out: each row counts."
    if rule.kind is RuleKind.CONTRACT:
        return
    if "column" not in rule.arguments:
        yield "a control rule judges rows by one column, and this one names none."
        return
    judges_nulls = rule.expectation == "expect_column_values_to_not_be_null"
    column = columns.get(str(rule.arguments["column"]))
    if column and not column.required and not judges_nulls and not rule.not_determinable_because:
        yield "its column can be null: add customProperty notDeterminableBecause, which says what a null means."


def _mentioned(arguments: dict[str, Any]) -> list[Any]:
    single = [arguments[name] for name in ("column", "column_A", "column_B") if name in arguments]
    listed = [arguments[name] for name in ("column_list", "column_set") if isinstance(arguments.get(name), list)]
    return [*single, *(name for names in listed for name in names)]
