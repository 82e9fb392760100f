# SPDX-License-Identifier: Apache-2.0
"""An evidence contract is ODCS 3.1 and what we ask beyond it; anything else is refused with its cure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.contracts.things import column, contract_with, document, rule, write

from tieout.contracts.odcs import Column, RuleKind, contract_file, load_contract
from tieout.errors import ConfigurationError

NOT_NULL = rule("expect_column_values_to_not_be_null", severity="critical", column="number")
BETWEEN = rule("expect_column_values_to_be_between", column="number", min_value=0)
Change = Callable[[dict[str, Any]], Any]


def test_columns_become_arrow_types_in_the_files_order(tmp_path: Path) -> None:
    contract = contract_with(tmp_path)
    assert contract.schema == pa.schema(
        [
            pa.field("system", pa.string(), nullable=False),
            pa.field("id", pa.string(), nullable=False),
            pa.field("number", pa.int64()),
            pa.field("ratio", pa.float64()),
            pa.field("done", pa.bool_()),
            pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("day", pa.date32()),
            pa.field("person", pa.string()),
        ]
    )
    assert contract.column("person") == Column("person", pa.string(), required=False, personal=True)
    assert not contract.column("id").personal


def test_a_contract_knows_its_file(tmp_path: Path) -> None:
    path = write(tmp_path, document())
    contract = load_contract(path)
    assert (contract.evidence_type, contract.table, contract.version) == ("thing.v1", "thing", "1.2.0")
    assert contract.id == "urn:tieout:contract:thing"
    assert contract.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert contract_file(tmp_path, "thing.v1") == path


def test_the_key_stands_in_key_order_not_in_file_order(tmp_path: Path) -> None:
    data = document()
    system, identifier = data["schema"][0]["properties"][:2]
    system["primaryKeyPosition"], identifier["primaryKeyPosition"] = 2, 1
    assert load_contract(write(tmp_path, data)).key == ("id", "system")


def test_contract_rules_come_first_and_rules_keep_what_they_say(tmp_path: Path) -> None:
    first, second = contract_with(tmp_path, BETWEEN, NOT_NULL).rules
    assert (first.id, first.kind) == ("column_values_to_not_be_null", RuleKind.CONTRACT)
    assert (second.id, second.kind) == ("column_values_to_be_between", RuleKind.CONTROL)
    assert (second.expectation, second.arguments) == (
        "expect_column_values_to_be_between",
        {"column": "number", "min_value": 0},
    )
    assert (second.name, second.not_determinable_because) == ("It is as it has to be", "Nothing is known.")


def schema(data: dict[str, Any]) -> dict[str, Any]:
    """Return the schema object of a document."""
    found: dict[str, Any] = data["schema"][0]
    return found


def columns(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the columns of a document."""
    found: list[dict[str, Any]] = schema(data)["properties"]
    return found


def first_rule(data: dict[str, Any]) -> dict[str, Any]:
    """Return the first rule of a document: `NOT_NULL`."""
    found: dict[str, Any] = schema(data)["quality"][0]
    return found


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda data: data.pop("version"), 'the document: does not follow ODCS 3.1: "version" is a required property.'),
        (lambda data: data.update(kind="Contract"), "kind: does not follow ODCS 3.1: "),
        (lambda data: data.update(colour="red"), "does not follow ODCS 3.1: Additional properties are not allowed"),
        (lambda data: columns(data)[2].update(logicalType="int"), "schema/0/properties/2/logicalType: does not follow"),
        (lambda data: data.update(name="think"), "expected name 'thing' and one schema object 'thing'"),
        (lambda data: schema(data).update(name="think"), "expected name 'thing' and one schema object 'thing'"),
        (lambda data: data["schema"].append(schema(data)), "expected name 'thing' and one schema object 'thing'"),
        (lambda data: data.pop("schema"), "expected name 'thing' and one schema object 'thing'"),
        (lambda data: schema(data).pop("properties"), "expected a primary key of required columns, got none."),
        (lambda data: [each.pop("primaryKey", None) for each in columns(data)], "expected a primary key of required"),
        (lambda data: columns(data)[1].pop("required"), "primary key of required columns, got ['system', 'id']."),
        (
            lambda data: columns(data)[2].update(logicalType="array"),
            "column 'number': expected logicalType string, integer",
        ),
        (
            lambda data: columns(data)[2].update(name="_landing"),
            "column '_landing': names that start with '_' are the store's",
        ),
        (lambda data: columns(data).append(column("day", "date")), "two columns share a name."),
        (
            lambda data: columns(data)[2].update(quality=[{"type": "text"}]),
            "column 'number': its quality rules would not run",
        ),
    ],
)
def test_a_contract_of_another_form_is_refused(tmp_path: Path, change: Change, problem: str) -> None:
    data = document()
    change(data)
    path = write(tmp_path, data)
    with pytest.raises(ConfigurationError) as caught:
        load_contract(path)
    assert re.match(rf"{re.escape(str(path))}:\d+: ", str(caught.value))
    assert problem in str(caught.value)


def test_each_mistake_of_a_contract_has_a_line_of_its_own(tmp_path: Path) -> None:
    data = document(NOT_NULL, BETWEEN)
    columns(data)[2].update(name="nummer")
    columns(data)[3].update(name="_ratio")
    data["slaProperties"] = [{"property": "retention", "value": 7, "unit": "d"}]
    path = write(tmp_path, data)
    lines = path.read_text().splitlines()
    with pytest.raises(ConfigurationError) as caught:
        load_contract(path)
    assert str(caught.value).splitlines() == [
        f"{path}:{lines.index('  - name: _ratio') + 1}: column '_ratio': names that start with '_' are the store's own.",
        *(
            f"{path}:{line}: rule {rule!r}: names column 'number', which the contract does not have. Did you mean 'nummer'?"
            for line, rule in zip(
                [number for number, text in enumerate(lines, 1) if text == "      kwargs:"],
                ["column_values_to_not_be_null", "column_values_to_be_between"],
                strict=True,
            )
        ),
        f"{path}:{lines.index('  unit: d') + 1}: retention: expected unit y, yr, year, years, got 'd'. "
        "Write property: retention, value: 7, unit: y.",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda each: each.pop("id"), "rule '(no id)': expected an id, engine great-expectations"),
        (lambda each: each.update(engine="soda"), "expected an id, engine great-expectations, and an implementation"),
        (lambda each: each.update(implementation="SELECT 1"), "and an implementation with type and kwargs."),
        (lambda each: each["implementation"].pop("type"), "and an implementation with type and kwargs."),
        (lambda each: each["implementation"].pop("kwargs"), "and an implementation with type and kwargs."),
        (
            lambda each: each.update(severity="high"),
            "expected severity critical (contract) or warning (control), got 'high'.",
        ),
        (lambda each: each.pop("severity"), "expected severity critical (contract) or warning (control), got None."),
        (
            lambda each: each["implementation"]["kwargs"].update(column="size"),
            "names column 'size', which the contract does",
        ),
        (
            lambda each: each["implementation"].update(kwargs={"column_list": ["id", "size"]}),
            "names column 'size', which the contract does not have.",
        ),
        (lambda each: each["implementation"].update(kwargs=[1]), "and an implementation with type and kwargs."),
        (lambda each: each["implementation"].update(type=["x"]), "and an implementation with type and kwargs."),
        (lambda each: each["implementation"]["kwargs"].update(column=["id"]), "names column ['id'], which the contract does"),
        (
            lambda each: each["implementation"].update(kwargs={"column_set": ["id", "sise"]}),
            "names column 'sise', which the contract does not have.",
        ),
        (
            lambda each: each["implementation"]["kwargs"].update(mostly=0.9),
            "'mostly' would call a rule met that some rows",
        ),
    ],
)
def test_a_rule_of_another_form_is_refused(tmp_path: Path, change: Change, problem: str) -> None:
    data = document(NOT_NULL)
    change(first_rule(data))
    with pytest.raises(ConfigurationError) as caught:
        load_contract(write(tmp_path, data))
    assert problem in str(caught.value)


def test_two_rules_with_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"two quality rules share an id\."):
        contract_with(tmp_path, NOT_NULL, NOT_NULL)


def test_a_control_rule_judges_one_column(tmp_path: Path) -> None:
    compound = rule("expect_compound_columns_to_be_unique", column_list=["system", "id"])
    with pytest.raises(ConfigurationError, match="a control rule judges rows by one column, and this one names none"):
        contract_with(tmp_path, compound)


@pytest.mark.parametrize(("name", "refused"), [("number", True), ("id", False)])
def test_a_control_rule_on_a_nullable_column_says_what_a_null_means(tmp_path: Path, name: str, refused: bool) -> None:
    silent = rule("expect_column_values_to_be_in_set", column=name, value_set=[1])
    silent.pop("customProperties")
    if refused:
        with pytest.raises(ConfigurationError, match="its column can be null: add customProperty notDeterminableBecause"):
            contract_with(tmp_path, silent)
    else:
        assert contract_with(tmp_path, silent).rules[0].not_determinable_because is None


def test_a_control_rule_about_nulls_needs_no_reason(tmp_path: Path) -> None:
    about_nulls = rule("expect_column_values_to_not_be_null", column="number")
    about_nulls.pop("customProperties")
    assert contract_with(tmp_path, about_nulls).rules[0].kind is RuleKind.CONTROL


@pytest.mark.parametrize("name", ["thing.v2.odcs.yaml", "thing.odcs.yaml", "other.v1.odcs.yaml"])
def test_the_file_name_says_type_and_major_version(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, document(), name)
    if name == "thing.v2.odcs.yaml":
        assert load_contract(path).evidence_type == "thing.v2"
    else:
        with pytest.raises(ConfigurationError, match="as the file name says"):
            load_contract(path)
