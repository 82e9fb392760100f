# SPDX-License-Identifier: Apache-2.0
"""Evidence contracts: Open Data Contract Standard 3.1 files, read into typed values.

``include/evidence_schemas/<type>.v<major>.odcs.yaml`` is the contract of evidence type ``<type>.v<major>``, whose table in
the bucket is ``evidence/<type>/``. A file that evidence has landed under never changes; a change is a new version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pyarrow as pa

from tieout.contracts.odcs_rules import Mistakes, Rule, RuleKind, read_rules
from tieout.contracts.retention import stated_retention
from tieout.documents import Location, read_yaml
from tieout.errors import ConfigurationError

__all__ = ["LANDING_COLUMN", "Column", "Contract", "Rule", "RuleKind", "contract_file", "load_contract"]

_ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}
_PROPERTIES: Location = ("schema", 0, "properties")
LANDING_COLUMN = "_landing"
"""Column that every landed row carries: the landing it came with."""


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
            retention in whole years if there is one. One line per mistake, each with file, line and cure.
    """
    data, lines = read_yaml(path)
    mistakes = Mistakes(path, lines)
    evidence_type = path.name.removesuffix(".odcs.yaml")
    table = evidence_type.rpartition(".v")[0]
    _check_form(data, table, mistakes)
    mistakes.refuse()
    columns = tuple(_columns(data["schema"][0], mistakes))
    key = _key(data["schema"][0], mistakes)
    rules = read_rules(data["schema"][0], {column.name: column for column in columns}, mistakes)
    try:
        retention = stated_retention(path, data, lines)
    except ConfigurationError as error:
        mistakes.found.append(str(error))
    mistakes.refuse()
    return Contract(
        evidence_type=evidence_type,
        table=table,
        id=data["id"],
        version=data["version"],
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        columns=columns,
        key=key,
        rules=tuple(sorted(rules, key=lambda rule: rule.kind is RuleKind.CONTROL)),
        retention_years=retention,
    )


def _check_form(data: dict[str, Any], table: str, mistakes: Mistakes) -> None:
    for problem in _odcs_validator().iter_errors(data):
        at: Location = tuple(problem.instance_path)
        name = "/".join(map(str, at)) or "the document"
        mistakes.add(at, f"{name}: does not follow ODCS 3.1: {problem.message}.")
    if mistakes.found:
        return
    objects = data.get("schema", [])
    if len(objects) != 1 or objects[0]["name"] != table or data.get("name") != table:
        mistakes.add(("name",), f"expected name {table!r} and one schema object {table!r}, as the file name says.")


def _columns(schema: dict[str, Any], mistakes: Mistakes) -> Iterator[Column]:
    seen = set()
    for number, entry in enumerate(schema.get("properties", [])):
        at, name = (*_PROPERTIES, number), entry["name"]
        logical = entry.get("logicalType", "string")
        if logical not in _ARROW_TYPES:
            expected = ", ".join(_ARROW_TYPES)
            mistakes.add((*at, "logicalType"), f"column {name!r}: expected logicalType {expected}; got {logical!r}.")
        if name.startswith("_"):
            mistakes.add((*at, "name"), f"column {name!r}: names that start with '_' are the store's own.")
        if entry.get("quality"):
            text = "its quality rules would not run: move them to the schema object."
            mistakes.add((*at, "quality"), f"column {name!r}: {text}")
        if name in seen:
            mistakes.add((*at, "name"), f"column {name!r}: two columns share a name.")
        seen.add(name)
        yield Column(
            name=name,
            type=_ARROW_TYPES.get(logical, pa.string()),
            required=bool(entry.get("required", False)),
            personal=entry.get("classification") == "personal",
        )


def _key(schema: dict[str, Any], mistakes: Mistakes) -> tuple[str, ...]:
    keyed = [entry for entry in schema.get("properties", []) if entry.get("primaryKey")]
    key = tuple(entry["name"] for entry in sorted(keyed, key=lambda entry: int(entry.get("primaryKeyPosition", 0))))
    if not key or not all(entry.get("required") for entry in keyed):
        mistakes.add(_PROPERTIES, f"expected a primary key of required columns, got {list(key) or 'none'}.")
    return key
