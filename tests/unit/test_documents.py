# SPDX-License-Identifier: Apache-2.0
"""YAML documents: what is refused, and that a message names file, line and cure."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, ValidationError, field_validator, model_validator

from tieout.documents import MAX_YAML_BYTES, Document, Location, did_you_mean, line_of, load, load_with_lines, read_yaml
from tieout.errors import ConfigurationError


class Wheel(Document):
    """A nested model."""

    size: int
    spokes: int = 32


class Colour(StrEnum):
    """An enumeration."""

    RED = "red"
    DARK_GREEN = "dark_green"


class Bicycle(Document):
    """A model with every way of nesting that our files use."""

    name: str
    built_on: date
    bell: Wheel | None = None
    wheels: tuple[Wheel, ...] = Field(default=(Wheel(size=1),), min_length=1)
    colour: Colour = Colour.RED
    brake: Literal["rim", "disc", 1] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Bicycle:
        if self.bell and self.bell.size > self.wheels[0].size:
            msg = f"the bell ({self.bell.size}) is larger than the first wheel ({self.wheels[0].size})"
            raise ValueError(msg)
        return self

    @field_validator("wheels")
    @classmethod
    def _grow(cls, value: tuple[Wheel, ...]) -> tuple[Wheel, ...]:
        if len(value) > 2:
            msg = "expected at most two wheels"
            raise ValueError(msg)
        return value


BICYCLE = """\
# A comment, so that lines and keys differ.
name: Rover
built_on: 1885-01-01
wheels:
  - size: 36
  - size: 34
    spokes: 28
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of a document that a test writes."""
    return tmp_path / "bicycle.yaml"


def refusal(file: Path, text: str | bytes) -> str:
    """Write a document, and return the message with which it is refused."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as caught:
        load(file, Bicycle)
    return str(caught.value)


def test_a_document_is_read_into_its_model(file: Path) -> None:
    file.write_text(BICYCLE)
    bicycle = load(file, Bicycle)
    assert bicycle == Bicycle(name="Rover", built_on=date(1885, 1, 1), wheels=(Wheel(size=36), Wheel(size=34, spokes=28)))


def test_a_document_can_not_be_changed(file: Path) -> None:
    file.write_text(BICYCLE)
    with pytest.raises(ValidationError, match="frozen"):
        load(file, Bicycle).name = "Other"  # type: ignore[misc]


def test_dates_and_labels_that_look_like_dates_stay_text(file: Path) -> None:
    file.write_text("day: 2026-01-01\nlabel: 2026-H1\nat: 2026-01-01T00:00:00Z\n")
    assert read_yaml(file)[0] == {"day": "2026-01-01", "label": "2026-H1", "at": "2026-01-01T00:00:00Z"}


def test_each_value_has_its_line(file: Path) -> None:
    file.write_text(BICYCLE)
    lines = read_yaml(file)[1]
    assert lines[("name",)] == 2
    assert lines[("wheels",)] == 4
    assert lines[("wheels", 1)] == 6
    assert lines[("wheels", 1, "spokes")] == 7


@pytest.mark.parametrize(
    ("old", "new", "line", "rest"),
    [
        ("name: Rover", "nam: Rover", 2, "nam: unknown key. Did you mean 'name'?"),
        (
            "name: Rover",
            "name: Rover\npedals: 2",
            3,
            "pedals: unknown key. Known keys: bell, brake, built_on, colour, name, wheels.",
        ),
        ("    spokes: 28", "    spoke: 28", 7, "wheels.1.spoke: unknown key. Did you mean 'spokes'?"),
        ("name: Rover", "name: Rover\nbell:\n  size: 1\n  siz: 2", 5, "bell.siz: unknown key. Did you mean 'size'?"),
        ("    spokes: 28", "    spokes: many", 7, "got 'many'."),
        ("  - size: 34", "  - size: [34]", 6, "got [34]."),
        ("size: 34\n    spokes", "spokes", 6, "wheels.1.size: this key is required and absent."),
        ("built_on: 1885-01-01\n", "", 2, "built_on: this key is required and absent."),
        ("1885-01-01", "1885-02-30", 3, "got '1885-02-30'."),
        ("name: Rover", "name: no", 2, "got False."),
        ("name: Rover", "name: Rover\ncolour: Dark-Green", 3, "got 'Dark-Green'. Did you mean 'dark_green'?"),
        ("name: Rover", "name: Rover\nbrake: dics", 3, "got 'dics'. Did you mean 'disc'?"),
        ("name: Rover", "name: Rover\ncolour: purple", 3, "should be 'red' or 'dark_green', got 'purple'."),
        ("name: Rover", "name: Rover\nbrake: 2", 3, "should be 'rim', 'disc' or 1, got 2."),
        ("name: Rover", f"name: [{'x' * 300}]", 2, f"got ['{'x' * 198}...."),
        ("name: Rover", "bell: {size: 99}\nname: Rover", 2, ":2: the bell (99) is larger than the first wheel (36)."),
        ("  - size: 34", "  - size: 35\n  - size: 34", 4, ":4: wheels: expected at most two wheels."),
    ],
)
def test_a_mistake_is_named_with_file_line_key_and_cure(file: Path, old: str, new: str, line: int, rest: str) -> None:
    message = refusal(file, BICYCLE.replace(old, new))
    assert message.startswith(f"{file}:{line}: ")
    assert message.endswith(rest)


def test_each_mistake_has_a_line_of_its_own(file: Path) -> None:
    message = refusal(file, "nam: Rover\nbuilt_on: never\n")
    assert [line.removeprefix(f"{file}:").split(": ")[:2] for line in message.splitlines()] == [
        ["1", "name"],
        ["2", "built_on"],
        ["1", "nam"],
    ]


def test_a_list_is_not_called_too_short_where_an_entry_of_it_is_wrong(file: Path) -> None:
    assert refusal(file, "name: Rover\nbuilt_on: 1885-01-01\nwheels:\n  - size: many\n").count("\n") == 0
    assert "wheels: Tuple should have at least 1 item" in refusal(file, "name: Rover\nbuilt_on: 1885-01-01\nwheels: []\n")


def test_lines_stand_beside_the_model_and_an_absent_value_has_the_line_around_it(file: Path) -> None:
    file.write_text(BICYCLE)
    bicycle, lines = load_with_lines(file, Bicycle)
    assert bicycle == load(file, Bicycle)
    places: list[tuple[Location, int]] = [(("wheels", 1, "spokes"), 7), (("wheels", 0, "spokes"), 5), (("bell", "size"), 2)]
    assert [line_of(lines, at) for at, _ in places] == [line for _, line in places]


def test_a_key_that_yaml_reads_as_something_else_is_text(file: Path) -> None:
    file.write_text("on: yes\n1: a\n1.50: b\nnull: c\n~: d\n")
    data, lines = read_yaml(file)
    assert data == {"on": True, "1": "a", "1.50": "b", "null": "c", "~": "d"}
    assert lines["1.50",] == 3


@pytest.mark.parametrize(
    ("word", "hint"),
    [("montly", "Did you mean 'monthly'?"), ("MONTHLY", "Did you mean 'monthly'?"), ("cc61", "Did you mean 'CC6.1'?"), ("x", "")],
)
def test_the_closest_known_word_is_offered_in_any_case(word: str, hint: str) -> None:
    assert did_you_mean(word, ["monthly", "daily", "CC6.1"]) == hint


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("name: a\nbuilt_on: b\nname: c\n", 3, "key 'name' stands twice: lines 1 and 3."),
        ("wheels:\n  - size: 1\n    size: 2\n", 3, "key 'size' stands twice: lines 2 and 3."),
        (
            "name: a\n\tbuilt_on: b\n",
            2,
            "found a tab character that violates indentation. Indent with spaces: YAML takes no tabs.",
        ),
        ("bell:\n\tsize: 1\n", 2, "found character that cannot start any token. Indent with spaces: YAML takes no tabs."),
        ("name: [a\n", 2, "did not find expected ',' or ']'."),
        ("name: a\n---\nname: b\n", 2, "but found another document."),
        ("name: a\n? [b, c]\n: d\n", 2, "expected a key of plain text."),
        ("name: !!python/object:os.system ls\n", 1, "could not determine a constructor"),
        ("- a\n- b\n", 1, "expected a mapping of keys to values, got list."),
        ("# nothing\n", 1, "expected a mapping of keys to values, got NoneType."),
        ("", 1, "expected a mapping of keys to values, got NoneType."),
    ],
)
def test_what_is_no_plain_mapping_is_refused_with_its_line(file: Path, text: str, line: int, problem: str) -> None:
    assert re.match(f"{re.escape(str(file))}:{line}: {re.escape(problem)}", refusal(file, text))


@pytest.mark.parametrize("text", [b"name: \xff\n", b"name: \x00\n", b"name: !!int x\n"])
def test_bytes_that_are_no_yaml_text_are_refused_with_the_file(file: Path, text: bytes) -> None:
    assert refusal(file, text).startswith(f"{file}: ")


def test_an_absent_file_is_refused_with_its_path(file: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"{re.escape(str(file))}: cannot be read: .*No such file"):
        load(file, Bicycle)


def test_a_huge_file_is_refused_before_it_is_parsed(file: Path) -> None:
    size = MAX_YAML_BYTES + 1
    assert f"expected at most {MAX_YAML_BYTES} bytes, got {size}" in refusal(file, b"[" * size)
