# SPDX-License-Identifier: Apache-2.0
"""Evidence contracts: Open Data Contract Standard 3.1 files, read into typed values.

``include/evidence_schemas/<type>.v<major>.odcs.yaml`` is the contract of evidence type ``<type>.v<major>``, whose table in
the bucket is ``evidence/<type>/``. A file that evidence has landed under never changes; a change is a new version.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pyarrow as pa

from tieout.contracts.retention import stated_retention
from tieout.documents import read_yaml
from tieout.errors import ConfigurationError

_ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}
LANDING_COLUMN = "_landing"
"""Column that every landed row carries: the landing it came with."""


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
class Column:
    """One column of a contract."""

    name: str
    type: pa.DataType
    required: bool
    personal: bool


@dataclass(frozen=True, slots=True)
class Contract:
    """One evidence type: columns, key and rules.

    Attributes:
        evidence_type: ``change_record.v1``, the file's stem.
        table: ``change_record``: the folder under ``evidence/``.
        id: The contract's URN.
        version: The contract's own semantic version.
        sha256: Hash of the file's bytes.
        columns: In the order in which they stand in the Parquet file, ``_landing`` left out.
        key: Names of the key columns, in key order.
        rules: Contract rules first.
        retention_years: How long it asks to be locked; ``None`` leaves it to the installation.
    """

    evidence_type: str
    table: str
    id: str
    version: str
    sha256: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[Rule, ...]
    retention_years: int | None = None

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of a population, without ``_landing``."""
        return pa.schema([pa.field(column.name, column.type, nullable=not column.required) for column in self.columns])

    def column(self, name: str) -> Column:
        """Return a column by name; a contract never asks for one it does not have (`load_contract` checks)."""
        return next(column for column in self.columns if column.name == name)


@cache
def _odcs_validator() -> jsonschema_rs.Validator:
    schema = files("tieout.contracts").joinpath("odcs-json-schema-v3.1.0.json").read_text(encoding="utf-8")
    return jsonschema_rs.validator_for(json.loads(schema))


def contract_file(folder: Path, evidence_type: str) -> Path:
    """Return where the contract of an evidence type stands."""
    return folder / f"{evidence_type}.odcs.yaml"


def load_contract(path: Path) -> Contract:
    """Read an evidence contract.

    Args:
        path: An ODCS 3.1 file named ``<type>.v<major>.odcs.yaml``.

    Raises:
        ConfigurationError: The file breaks the ODCS 3.1 schema, or what we ask beyond it: a name that equals the
            file's, one schema object, a key, known types, rules that `tieout.contracts.expectations` can run, and a
            retention in whole years if there is one.
    """
    data, lines = read_yaml(path)
    problem = next(iter(_odcs_validator().iter_errors(data)), None)
    if problem is not None:
        at = "/".join(map(str, problem.instance_path)) or "the document"
        msg = f"{path}: {at}: does not follow ODCS 3.1: {problem.message}."
        raise ConfigurationError(msg)
    evidence_type = path.name.removesuffix(".odcs.yaml")
    table = evidence_type.rpartition(".v")[0]
    objects = data.get("schema", [])
    if len(objects) != 1 or objects[0]["name"] != table or data.get("name") != table:
        msg = f"{path}: expected name {table!r} and one schema object {table!r}, as the file name says."
        raise ConfigurationError(msg)
    properties = objects[0].get("properties", [])
    columns = tuple(_column(path, entry) for entry in properties)
    if len({column.name for column in columns}) != len(columns):
        msg = f"{path}: two columns share a name."
        raise ConfigurationError(msg)
    keyed = [entry for entry in properties if entry.get("primaryKey")]
    key = tuple(entry["name"] for entry in sorted(keyed, key=lambda entry: int(entry.get("primaryKeyPosition", 0))))
    if not key or any(not column.required for column in columns if column.name in key):
        msg = f"{path}: expected a primary key of required columns, got {list(key) or 'none'}."
        raise ConfigurationError(msg)
    rules = [_rule(path, entry, columns) for entry in objects[0].get("quality", [])]
    if len({rule.id for rule in rules}) != len(rules):
        msg = f"{path}: two quality rules share an id."
        raise ConfigurationError(msg)
    return Contract(
        evidence_type=evidence_type,
        table=table,
        id=data["id"],
        version=data["version"],
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        columns=columns,
        key=key,
        rules=tuple(sorted(rules, key=lambda rule: rule.kind is RuleKind.CONTROL)),
        retention_years=stated_retention(path, data, lines),
    )


def _column(path: Path, entry: dict[str, Any]) -> Column:
    logical = entry.get("logicalType", "string")
    if logical not in _ARROW_TYPES:
        msg = f"{path}: column {entry['name']!r}: expected logicalType {', '.join(_ARROW_TYPES)}; got {logical!r}."
        raise ConfigurationError(msg)
    if entry["name"].startswith("_"):
        msg = f"{path}: column {entry['name']!r}: names that start with '_' are the store's own."
        raise ConfigurationError(msg)
    if entry.get("quality"):
        msg = f"{path}: column {entry['name']!r}: its quality rules would not run: move them to the schema object."
        raise ConfigurationError(msg)
    return Column(
        name=entry["name"],
        type=_ARROW_TYPES[logical],
        required=bool(entry.get("required", False)),
        personal=entry.get("classification") == "personal",
    )


_KINDS = {"critical": RuleKind.CONTRACT, "warning": RuleKind.CONTROL}


def _rule(path: Path, entry: dict[str, Any], columns: tuple[Column, ...]) -> Rule:
    where = f"{path}: rule {entry.get('id', '(no id)')!r}"
    implementation = entry.get("implementation")
    well_formed = entry.get("engine") == "great-expectations" and "id" in entry
    if not well_formed or not isinstance(implementation, dict) or not {"type", "kwargs"} <= implementation.keys():
        msg = f"{where}: expected an id, engine great-expectations, and an implementation with type and kwargs."
        raise ConfigurationError(msg)
    if entry.get("severity") not in _KINDS:
        msg = f"{where}: expected severity critical (contract) or warning (control), got {entry.get('severity')!r}."
        raise ConfigurationError(msg)
    properties = {item["property"]: item["value"] for item in entry.get("customProperties", [])}
    rule = Rule(
        id=entry["id"],
        name=entry.get("name", entry["id"]),
        kind=_KINDS[entry["severity"]],
        expectation=implementation["type"],
        arguments=implementation["kwargs"] or {},
        not_determinable_because=properties.get("notDeterminableBecause"),
    )
    _check_rule(where, rule, columns)
    return rule


def _check_rule(where: str, rule: Rule, columns: tuple[Column, ...]) -> None:
    names = {column.name: column for column in columns}
    mentioned = [rule.arguments["column"]] if "column" in rule.arguments else rule.arguments.get("column_list", [])
    unknown = [name for name in mentioned if name not in names]
    if unknown:
        msg = f"{where}: names column {unknown[0]!r}, which the contract does not have."
        raise ConfigurationError(msg)
    if "mostly" in rule.arguments:
        msg = f"{where}: 'mostly' would call a rule met that some rows do not meet. Leave it out: each row counts."
        raise ConfigurationError(msg)
    if rule.kind is RuleKind.CONTRACT:
        return
    if "column" not in rule.arguments:
        msg = f"{where}: a control rule judges rows by one column, and this one names none."
        raise ConfigurationError(msg)
    judges_nulls = rule.expectation == "expect_column_values_to_not_be_null"
    nullable = not names[rule.arguments["column"]].required
    if nullable and not judges_nulls and not rule.not_determinable_because:
        msg = f"{where}: its column can be null: add customProperty notDeterminableBecause, which says what a null means."
        raise ConfigurationError(msg)
