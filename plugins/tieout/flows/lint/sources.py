# SPDX-License-Identifier: Apache-2.0
"""Lint of a control's sources: what a generic collector could not start with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from tieout.collectors.extraction import parameters_of
from tieout.collectors.rest_parameters import RestParameters
from tieout.criteria.controls import Control
from tieout.criteria.systems import SystemSource
from tieout.documents import Document, Location, did_you_mean, mistakes_in
from tieout.flows.lint.project import Problem, Project, Read

_DROPS = ("object_drop", "ocsf", "csv_merges")
"""Collectors whose parameter ``path`` is a file or folder of this machine, or a place in a bucket."""


def check_source(
    control: Read[Control], at: Location, source: SystemSource, evidence_type: str, project: Project
) -> Iterator[Problem]:
    """Find what is wrong with the parameters of a source of an evidence type, which stand at a location of its control's file."""
    if source.collector in _DROPS:
        yield from _drop(control, at, source.parameters, project)
    elif source.collector == "rest":
        yield from _rest(control, at, source.parameters, evidence_type, project)
    elif model := parameters_of(source.collector):
        yield from _own(control, at, source.parameters, model)


def _own(control: Read[Control], at: Location, parameters: Mapping[str, object], model: type[Document]) -> Iterator[Problem]:
    try:
        model.model_validate(parameters)
    except ValidationError as error:
        for inner, message in mistakes_in(model, error):
            name = ".".join(map(str, inner))
            yield control.problem((*at, *inner), f"{f'parameter {name!r}' if name else 'parameters'}: {message}")


def _rest(
    control: Read[Control], at: Location, parameters: Mapping[str, object], evidence_type: str, project: Project
) -> Iterator[Problem]:
    try:
        columns = RestParameters.model_validate(parameters).columns
    except ValidationError as error:
        for inner, message in mistakes_in(RestParameters, error):
            name = ".".join(map(str, inner))
            yield control.problem((*at, *inner), f"{f'parameter {name!r}' if name else 'parameters'}: {message}")
        return
    contract = project.contracts.get(evidence_type)
    names = [column.name for column in contract.columns if column.name != "system"] if contract else list(columns)
    for name in columns:
        if name not in names:
            message = f"parameter 'columns': {evidence_type} has no column {name!r} to fill."
            yield control.problem((*at, "columns", name), message, did_you_mean(name, names))
    missing = [name for name in names if name not in columns]
    if missing:
        message = f"parameter 'columns': expected an expression for each column, got none for {', '.join(missing)}."
        yield control.problem((*at, "columns"), message, 'Where the source has nothing to fill one with, say "`null`".')


def _drop(control: Read[Control], at: Location, parameters: Mapping[str, object], project: Project) -> Iterator[Problem]:
    path = parameters.get("path")
    if not isinstance(path, str):
        yield control.problem((*at, "path"), f"parameter 'path': expected the path of a file or folder, got {path!r}.")
    elif path.startswith("s3://"):
        if not isinstance(parameters.get("connection"), str):
            message = f"parameter 'connection': expected the name of an Airflow Connection for {path}, got none."
            yield control.problem((*at, "path"), message, "Name a connection of type aws that may list and read there.")
    elif not Path(path).is_absolute():
        # An absolute path belongs to the machine that extracts, which may be another one.
        there = project.settings.resolve(path)
        if "pattern" in parameters and not there.is_dir():
            message = f"parameter 'path': expected a folder, because there is a 'pattern', and there is no folder {path}."
            yield control.problem((*at, "path"), message, "A relative path starts at the project's folder.")
        elif not there.exists():
            message = f"parameter 'path': expected a file, and there is no {path}."
            yield control.problem((*at, "path"), message, _beside(project, path))


def _beside(project: Project, path: str) -> str:
    folder = project.settings.resolve(path).parent
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    return did_you_mean(Path(path).name, names) or "A relative path starts at the project's folder."
