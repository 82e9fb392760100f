# SPDX-License-Identifier: Apache-2.0
"""YAML files as checked models: errors name file, line and cure; unknown and repeated keys are refused."""

from __future__ import annotations

import difflib
from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from tieout.errors import ConfigurationError

MAX_YAML_BYTES = 4 * 1024 * 1024
"""No YAML file of ours is near this size; a larger one is refused before it is parsed."""

Location = tuple[str | int, ...]
M = TypeVar("M", bound="Document")


class Document(BaseModel):
    """Base of every YAML model: frozen, and a key that the model does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# libyaml reads ten times faster; a build of PyYAML without it reads the same.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """A safe loader that keeps dates as text and refuses a key given twice."""

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
        msg = f"{path}:{line}: {error.problem}."
        raise ConfigurationError(msg) from error
    except yaml.YAMLError as error:  # a character that no YAML file may hold
        msg = f"{path}: cannot be read: {error}."
        raise ConfigurationError(msg) from error
    except ValueError as error:  # a tag such as !!int before a text that is none
        msg = f"{path}: a value does not fit its tag: {error}."
        raise ConfigurationError(msg) from error


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
        ConfigurationError: One line per mistake, each with file, line, what was expected and, for an unknown key,
            the key that was probably meant.
    """
    data, lines = read_yaml(path)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain(path, model, lines, entry) for entry in error.errors())) from error


def _explain(path: Path, model: type[BaseModel], lines: dict[Location, int], entry: Any) -> str:
    location: Location = entry["loc"]
    known = location
    while known not in lines:
        known = known[:-1]
    where = f"{path}:{lines[known]}: {'.'.join(map(str, location))}"
    if entry["type"] == "extra_forbidden":
        keys = _keys_at(model, location[:-1])
        close = difflib.get_close_matches(str(location[-1]), keys, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known keys: {', '.join(keys)}."
        return f"{where}: unknown key. {hint}"
    if entry["type"] == "missing":
        return f"{where}: this key is required and absent."
    return f"{where}: {entry['msg']}, got {entry['input']!r}."


def _keys_at(model: type[BaseModel], location: Location) -> list[str]:
    """Return the keys that the model knows at a location, following nested models and lists of them."""
    current: Any = model
    for step in location:
        if isinstance(step, int):
            continue
        annotation = current.model_fields[step].annotation if hasattr(current, "model_fields") else None
        current = next((arg for arg in (annotation, *_arguments(annotation)) if hasattr(arg, "model_fields")), None)
    return sorted(current.model_fields) if hasattr(current, "model_fields") else []


def _arguments(annotation: Any) -> list[Any]:
    inner = list(getattr(annotation, "__args__", ()))
    return inner + [deeper for arg in inner for deeper in _arguments(arg)]
