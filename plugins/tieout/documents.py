# SPDX-License-Identifier: Apache-2.0
"""YAML files as checked models: errors name file, line and cure; unknown and repeated keys are refused."""

from __future__ import annotations

import difflib
import re
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from tieout.errors import ConfigurationError

MAX_YAML_BYTES = 4 * 1024 * 1024
"""No YAML file of ours is near this size; a larger one is refused before it is parsed."""

_MOST_SHOWN = 200
"""Characters of a wrong value that a message repeats."""

_TAG = "type"
"""Key that says which of several models a mapping is."""

Location = tuple[str | int, ...]
M = TypeVar("M", bound="Document")


class Document(BaseModel):
    """Base of every YAML model: frozen, and a key that the model does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# libyaml reads ten times faster; a build of PyYAML without it reads the same.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_KEYS_READ_AS_TEXT = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "null")}
"""YAML 1.1 reads the key ``on`` as true; each key of ours is a name."""


class _Loader(_SafeLoader):  # type: ignore[misc]
    """A safe loader that keeps dates as text, reads each key as text, and refuses a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="expected a key of plain text", problem_mark=key.start_mark)
            line = key.start_mark.line + 1
            if key.value in seen:
                problem = f"key {key.value!r} stands twice: lines {seen[key.value]} and {line}"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen[key.value] = line
            if key.tag in _KEYS_READ_AS_TEXT:
                key.tag = "tag:yaml.org,2002:str"
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


# YAML 1.1 would turn 2026-01-01 into a date and leave 2026-H1 a string: the models parse dates, the loader does not.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> tuple[dict[str, Any], dict[Location, int]]:
    """Read one YAML mapping and the line of each of its values.

    Args:
        path: The file, UTF-8, at most `MAX_YAML_BYTES`.

    Returns:
        The mapping, and for each location in it (``("systems", 0, "system")``) its line, counted from 1.

    Raises:
        ConfigurationError: The file is absent, too large, no YAML, no mapping, or repeats a key.
    """
    try:
        size = path.stat().st_size
        if size > MAX_YAML_BYTES:
            msg = f"{path}: expected at most {MAX_YAML_BYTES} bytes, got {size}."
            raise ConfigurationError(msg)
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read: {error}."
        raise ConfigurationError(msg) from error
    node, data = _parsed(path, text)
    if not isinstance(data, dict):
        msg = f"{path}:1: expected a mapping of keys to values, got {type(data).__name__}."
        raise ConfigurationError(msg)
    lines: dict[Location, int] = {}
    _collect_lines(cast(yaml.Node, node), (), lines)
    return data, lines


def _parsed(path: Path, text: str) -> tuple[yaml.Node | None, Any]:
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            return node, loader.construct_document(node) if node else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        hint = " Indent with spaces: YAML takes no tabs." if _is_indented_by_tab(text, line) else ""
        msg = f"{path}:{line}: {error.problem}.{hint}"
        raise ConfigurationError(msg) from error
    except yaml.YAMLError as error:  # a character that no YAML file may hold
        msg = f"{path}: cannot be read: {error}."
        raise ConfigurationError(msg) from error
    except ValueError as error:  # a tag such as !!int before a text that is none
        msg = f"{path}: a value does not fit its tag: {error}."
        raise ConfigurationError(msg) from error


def _is_indented_by_tab(text: str, line: int) -> bool:
    lines = text.splitlines()
    indented = lines[line - 1] if line <= len(lines) else ""
    return "\t" in indented[: len(indented) - len(indented.lstrip())]


def _collect_lines(node: yaml.Node, at: Location, lines: dict[Location, int]) -> None:
    lines[at] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _collect_lines(value, (*at, key.value), lines)
            lines[(*at, key.value)] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _collect_lines(value, (*at, number), lines)


def load(path: Path, model: type[M]) -> M:
    """Read ``path`` as ``model``.

    Raises:
        ConfigurationError: One line per mistake, each with file, line, what was expected and, for an unknown key or a value
            that is none of those allowed, the one that was probably meant.
    """
    return load_with_lines(path, model)[0]


def load_with_lines(path: Path, model: type[M]) -> tuple[M, dict[Location, int]]:
    """Read ``path`` as ``model``, as `load` does, and return the lines beside it: see `line_of`."""
    data, lines = read_yaml(path)
    try:
        return model.model_validate(data), lines
    except ValidationError as error:
        mistakes = _own_mistakes(error.errors())
        raise ConfigurationError("\n".join(_explain(path, model, lines, entry) for entry in mistakes)) from error


def mistakes_in(model: type[BaseModel], error: ValidationError) -> list[tuple[Location, str]]:
    """Return where a value does not fit a model, and in words why; for what stands inside another file's free mapping."""
    return [(_in_file(model, entry), _said(model, entry)) for entry in _own_mistakes(error.errors())]


def line_of(lines: dict[Location, int], at: Location) -> int:
    """Return the line of a location; where the file does not have it, that of the nearest mapping or list around it."""
    while at not in lines:
        at = at[:-1]
    return lines[at]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``Did you mean 'monthly'?`` for the known word that is closest; an empty text where none is close."""
    by_lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f"Did you mean {by_lower[close[0]]!r}?" if close else ""


def _own_mistakes(entries: Sequence[Any]) -> list[Any]:
    """Leave out that a list is too short, where that only follows from an entry of it that is wrong."""
    deeper = {entry["loc"][:depth] for entry in entries for depth in range(len(entry["loc"]))}
    return [entry for entry in entries if entry["type"] != "too_short" or entry["loc"] not in deeper]


def _explain(path: Path, model: type[BaseModel], lines: dict[Location, int], entry: Any) -> str:
    location = _in_file(model, entry)
    key = ".".join(map(str, location))
    return f"{path}:{line_of(lines, location)}: {key}{': ' if key else ''}{_said(model, entry)}"


def _said(model: type[BaseModel], entry: Any) -> str:
    location: Location = entry["loc"]
    if entry["type"] == "union_tag_invalid":
        known, tag = entry["ctx"]["expected_tags"], entry["ctx"]["tag"]
        hint = did_you_mean(tag, re.findall(r"'([^']*)'", known))
        return f"expected one of {known}, got {_shown(tag)}.{' ' if hint else ''}{hint}"
    if entry["type"] == "extra_forbidden":
        keys = _keys_at(model, location[:-1])
        hint = did_you_mean(str(location[-1]), keys) or f"Known keys: {', '.join(keys)}."
        return f"unknown key. {hint}"
    if entry["type"] in ("missing", "union_tag_not_found"):
        return "this key is required and absent."
    value, message = entry["input"], entry["msg"].removeprefix("Value error, ")
    if entry["type"] == "value_error" and isinstance(value, dict | list):
        return f"{message}."  # the whole mapping or list would bury what its validator found in it
    return f"{message}, got {_shown(value)}.{_hint(entry)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _hint(entry: Any) -> str:
    if entry["type"] not in ("literal_error", "enum") or not isinstance(entry["input"], str):
        return ""
    hint = did_you_mean(entry["input"], re.findall(r"'([^']*)'", entry["ctx"]["expected"]))
    return f" {hint}" if hint else ""


def _keys_at(model: type[BaseModel], location: Location) -> list[str]:
    """Return the keys that the model knows at a location, following nested models and lists of them."""
    current = _followed(model, location)[1]
    fields = getattr(current, "model_fields", {})
    return sorted(field.alias or name for name, field in fields.items())


def _in_file(model: type[BaseModel], entry: Any) -> Location:
    """Return where a mistake stands in the file."""
    location = _followed(model, entry["loc"])[0]
    return (*location, _TAG) if entry["type"].startswith("union_tag_") else location


def _followed(model: type[BaseModel], location: Location) -> tuple[Location, Any]:
    """Follow a location: return it without the steps that only pydantic makes, and the model at its end.

    Pydantic names the one of several models that it took, by its tag, as a step of its own; the file has no such level.
    """
    current: Any = model
    several: list[Any] = []
    steps: list[str | int] = []
    for step in location:
        taken = [each for each in several if len(several) > 1 and step in _tags(each)]
        if taken:
            current, several = taken[0], []
            continue
        steps.append(step)
        if isinstance(step, int):
            continue
        known = getattr(current, "model_fields", {})
        annotation = known[step].annotation if step in known else None
        several = [each for each in (annotation, *_arguments(annotation)) if hasattr(each, "model_fields")]
        current = several[0] if several else None
    return tuple(steps), current


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(model.model_fields[_TAG].annotation) if _TAG in model.model_fields else ()


def _arguments(annotation: Any) -> list[Any]:
    inner = list(getattr(annotation, "__args__", ()))
    return inner + [deeper for arg in inner for deeper in _arguments(arg)]
