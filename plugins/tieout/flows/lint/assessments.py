# SPDX-License-Identifier: Apache-2.0
"""Lint of the assessments: each point of focus of the catalogue stands in them once, and what they name exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from tieout.criteria.assessments import Assessment, SeriesAssessment
from tieout.documents import Location, did_you_mean
from tieout.flows.lint.project import Problem, Project, Read

_EVIDENCE_TYPE = re.compile(r"[a-z][a-z0-9_]*\.v\d+")


def check_assessments(project: Project) -> Iterator[Problem]:
    """Find files with a wrong name, what entries name and there is not, and points of focus that stand twice or nowhere."""
    seen: dict[str, str] = {}
    for file in project.assessments:
        expected = f"{file.content.series.lower()}.yaml"
        if file.path.name != expected:
            message = f"series {file.content.series}: expected the file name {expected}, got {file.path.name}."
            yield file.problem(("series",), message)
        for number, entry in enumerate(file.content.points_of_focus):
            at: Location = ("points_of_focus", number)
            point = entry.point_of_focus
            if point in seen:
                yield file.problem((*at, "point_of_focus"), f"point of focus {point} stands in {seen[point]} already.")
            seen.setdefault(point, file.path.name)
            yield from _entry(file, at, entry, project)
    yield from _absent(project, seen)


def _entry(file: Read[SeriesAssessment], at: Location, entry: Assessment, project: Project) -> Iterator[Problem]:
    point = entry.point_of_focus
    if project.catalogue and point not in project.catalogue.content.points:
        of_its_criterion = f"{point.partition('-')[0]}-"
        known = [each for each in project.catalogue.content.points if each.startswith(of_its_criterion)]
        message = f"point of focus {point!r} is not in {project.catalogue.path.stem}."
        yield file.problem((*at, "point_of_focus"), message, did_you_mean(point, known))
    for place, control in enumerate(entry.controls):
        if control not in project.control_ids:
            message = f"{point}: there is no control {control!r} in include/criteria/controls."
            yield file.problem((*at, "controls", place), message, did_you_mean(control, project.control_ids))
    for place, evidence in enumerate(entry.evidence):
        if _EVIDENCE_TYPE.fullmatch(evidence) and evidence not in project.evidence_types:
            message = f"{point}: evidence type {evidence!r} has no contract in include/evidence_schemas."
            yield file.problem((*at, "evidence", place), message, did_you_mean(evidence, project.evidence_types))


def _absent(project: Project, seen: dict[str, str]) -> Iterator[Problem]:
    if project.catalogue is None:
        return
    folder = project.settings.criteria_folder / "assessments"
    files = {file.content.series: file for file in project.assessments}
    absent: dict[str, list[str]] = {}
    for criterion in project.catalogue.content.criteria:
        for point in criterion.points_of_focus:
            if point.id not in seen:
                absent.setdefault(criterion.series, []).append(point.id)
    for series, points in absent.items():
        path = folder / f"{series.lower()}.yaml"
        if path in project.broken_assessments:
            continue  # they may stand in it
        if series in files:
            for each in points:
                message = f"point of focus {each} has no entry."
                cure = "Add one; until management has judged it, with consideration: not considered by management."
                yield files[series].problem(("points_of_focus",), message, cure)
        else:
            message = f"expected this file with the {len(points)} points of focus of {series}, and there is none."
            yield Problem(path, 1, message)


def overdue_notes(project: Project, today: date) -> Iterator[Problem]:
    """Note the points of focus that management said it would look at again before today."""
    for file in project.assessments:
        for number, entry in enumerate(file.content.points_of_focus):
            if entry.is_overdue(today):
                message = f"{entry.point_of_focus}: management's review was due on {entry.review_due}."
                yield file.problem(("points_of_focus", number, "review_due"), message)
