# SPDX-License-Identifier: Apache-2.0
"""A contract says in whole years how long its evidence is locked, or says nothing; anything else names line and cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit.contracts.things import document, write

from tieout.contracts.odcs import load_contract
from tieout.errors import ConfigurationError


def level(value: Any = 7, unit: Any = "y", **more: Any) -> dict[str, Any]:
    """Return a service level as ODCS states it."""
    return {"property": "retention", "value": value, "unit": unit, **more}


def load(folder: Path, *levels: dict[str, Any]) -> int | None:
    """Return the years that a contract with these service levels states."""
    return load_contract(write(folder, {**document(), "slaProperties": list(levels)})).retention_years


@pytest.mark.parametrize("unit", ["y", "yr", "year", "years"])
def test_years_are_read_in_each_of_their_units(tmp_path: Path, unit: str) -> None:
    assert load(tmp_path, {"property": "frequency", "value": 1, "unit": "d"}, level(10, unit, driver="regulatory")) == 10


def test_a_contract_may_say_nothing(tmp_path: Path) -> None:
    assert load_contract(write(tmp_path, document())).retention_years is None
    assert load(tmp_path, {"property": "latency", "value": 4, "unit": "d"}) is None


@pytest.mark.parametrize(
    ("levels", "word", "problem"),
    [
        (
            [level(unit="d")],
            "unit: d",
            "expected unit y, yr, year, years, got 'd'. Write property: retention, value: 7, unit: y.",
        ),
        ([level(unit="m")], "unit: m", "expected unit y, yr, year, years, got 'm'."),
        ([{"property": "retention", "value": 7}], "property: retention", "expected unit y, yr, year, years, got None."),
        ([level(0)], "value: 0", "expected a whole number of years, at least 1, got 0."),
        ([level(-1)], "value: -1", "expected a whole number of years, at least 1, got -1."),
        ([level(2.5)], "value: 2.5", "expected a whole number of years, at least 1, got 2.5."),
        ([level("7")], "value: '7'", "expected a whole number of years, at least 1, got '7'."),
        ([level(True)], "value: true", "expected a whole number of years, at least 1, got True."),
        ([level(None)], "value: null", "expected a whole number of years, at least 1, got None."),
        ([level(element="thing.person")], "element:", "'element' has no meaning here. Leave it out."),
        ([level(valueExt=9)], "valueExt:", "'valueExt' has no meaning here. Leave it out."),
        ([level(), level(8)], "property: retention", "State it once: it holds for the whole type."),
    ],
)
def test_another_retention_is_refused_with_its_line(tmp_path: Path, levels: list[Any], word: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, *levels)
    path = tmp_path / "thing.v1.odcs.yaml"
    line = next(number for number, content in enumerate(path.read_text().splitlines(), 1) if word in content)
    assert str(refused.value).startswith(f"{path}:{line}: retention: ")
    assert problem in str(refused.value)
