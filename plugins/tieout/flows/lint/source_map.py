# SPDX-License-Identifier: Apache-2.0
"""Lint of the source map: each covering population exists, and the map says what the independent list says."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from tieout.criteria.scope import Scope
from tieout.criteria.source_map import SourceItem, SourceKind, SourceMap
from tieout.documents import Location, did_you_mean
from tieout.flows.lint.project import Problem, Project, Read

MAX_LIST_BYTES = 16 * 1024 * 1024
"""A list of repositories and accounts is not near this size."""
_HEADER = ["kind", "item"]
_KINDS = get_args(SourceKind)
Listed = dict[tuple[str, str], int]
"""The line of each item of the list."""


def check_source_map(project: Project) -> Iterator[Problem]:
    """Find what the source map names and there is not, and where it and the independent list differ."""
    if project.scope is None or project.scope.content.source_map is None:
        return
    scope, source_map = project.scope, project.scope.content.source_map
    for number, item in enumerate(source_map.items):
        yield from _coverings(scope, ("source_map", "items", number, "covered_by"), item, project)
    path = project.settings.resolve(source_map.independent_list)
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8-sig") if size <= MAX_LIST_BYTES else None
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a path that no file system takes
        message = f"source_map.independent_list: {path}: cannot be read: {error}."
        cure = f"Export the items as a CSV file with header {','.join(_HEADER)}; a relative path starts at the project's folder."
        yield scope.problem(("source_map", "independent_list"), message, cure)
        return
    if text is None:
        yield Problem(path, 1, f"expected at most {MAX_LIST_BYTES} bytes, got {size}.")
        return
    listed, problems = _read_list(path, text)
    yield from problems
    if listed is not None:
        yield from _differences(scope, source_map, path, listed)


def _coverings(scope: Read[Scope], at: Location, item: SourceItem, project: Project) -> Iterator[Problem]:
    for place, covering in enumerate(item.covered_by):
        if covering.control not in project.control_ids:
            message = f"{item.item}: there is no control {covering.control!r} in include/criteria/controls."
            yield scope.problem((*at, place, "control"), message, did_you_mean(covering.control, project.control_ids))
        elif covering.control in project.controls:
            systems = [source.system for source in project.controls[covering.control].content.systems]
            if covering.system not in systems:
                message = f"{item.item}: control {covering.control} has no system {covering.system!r}."
                cure = did_you_mean(covering.system, systems) or f"Its systems: {', '.join(systems)}."
                yield scope.problem((*at, place, "system"), message, cure)


def _read_list(path: Path, text: str) -> tuple[Listed | None, list[Problem]]:
    """Return what the list holds, ``None`` where it can not be read to its end, and what is wrong with it."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    listed: Listed = {}
    problems: list[Problem] = []
    try:
        header = next(rows, [])
        if header != _HEADER:
            got = ",".join(header) or "an empty line"
            return None, [Problem(path, 1, f"expected the header {','.join(_HEADER)}, got {got}.")]
        for row in rows:
            if row:
                problems += _read_row(path, rows.line_num, row, listed)
    except csv.Error as error:
        return None, [*problems, Problem(path, rows.line_num or 1, f"no CSV: {error}.")]
    return listed, problems


def _read_row(path: Path, line: int, row: list[str], listed: Listed) -> Iterator[Problem]:
    if len(row) != len(_HEADER):
        yield Problem(path, line, f"expected kind and item, got {len(row)} fields.")
        return
    kind, item = row
    if kind not in _KINDS:
        cure = did_you_mean(kind, _KINDS) or f"Kinds: {', '.join(_KINDS)}."
        yield Problem(path, line, f"unknown kind {kind!r}.", cure)
    elif (kind, item) in listed:
        yield Problem(path, line, f"{kind} {item!r} stands twice: lines {listed[kind, item]} and {line}.")
    else:
        listed[kind, item] = line


def _differences(scope: Read[Scope], source_map: SourceMap, path: Path, listed: Listed) -> Iterator[Problem]:
    """Compare the list with what was in scope on the day it was exported."""
    day = source_map.exported_on
    mapped = {(str(item.kind), item.item): number for number, item in enumerate(source_map.items)}
    for (kind, item), line in listed.items():
        if (kind, item) not in mapped:
            cure = "Add the item to source_map.items of scope.yaml, with the population that covers it or why none does."
            yield Problem(path, line, f"{kind} {item!r} is in the list and not in the source map.", cure)
        elif not source_map.items[mapped[kind, item]].is_in_force(day):
            message = f"{kind} {item!r} is in the list of {day}, and the source map says that it was not in scope on that day."
            yield Problem(path, line, message, "Correct effective_from or effective_to of the item in scope.yaml.")
    for (kind, item), number in mapped.items():
        if (kind, item) not in listed and source_map.items[number].is_in_force(day):
            message = f"{kind} {item!r} is in the source map and not in the list {path} of {day}."
            cure = "If it is gone, give it an effective_to; if it was never there, take it out; else export the list again."
            yield scope.problem(("source_map", "items", number), message, cure)
