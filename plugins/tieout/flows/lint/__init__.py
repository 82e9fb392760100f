# SPDX-License-Identifier: Apache-2.0
"""Lint: is each YAML file of a project what it has to be, and do the files fit each other?

Nothing is imported from a source or asked of a server. A file that can not be read is one problem; what rests on it alone is not
judged, so that one mistake is not reported twice. A *problem* keeps something from working; a *note* is a fact to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from tieout.flows.lint.access import check_access, ended_notes
from tieout.flows.lint.assessments import check_assessments, overdue_notes
from tieout.flows.lint.confirmations import check_confirmations
from tieout.flows.lint.contracts import check_contracts
from tieout.flows.lint.controls import check_controls, window_notes
from tieout.flows.lint.pbc import check_lists, owner_notes
from tieout.flows.lint.policies import check_policies
from tieout.flows.lint.project import Problem, read_project
from tieout.flows.lint.reconciliations import check_reconciliations
from tieout.flows.lint.reviews import check_against, check_reviews
from tieout.flows.lint.scope import check_scope, coverage_notes
from tieout.flows.lint.source_map import check_source_map
from tieout.settings import Settings

__all__ = ["Linted", "Problem", "lint"]


@dataclass(frozen=True, slots=True)
class Linted:
    """What lint found, each in order of file and line."""

    files: int
    """YAML files that it read."""
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def lint(settings: Settings, today: date | None = None) -> Linted:
    """Read every YAML file under ``include/criteria`` and ``include/evidence_schemas``, and hold them against each other.

    Args:
        settings: Of the project.
        today: Day that reviews are due against; the program's own by default.
    """
    project = read_project(settings)
    problems = [
        *project.problems,
        *check_scope(project),
        *check_source_map(project),
        *check_access(project),
        *check_controls(project),
        *check_reconciliations(project),
        *check_against(project),
        *check_reviews(project),
        *check_policies(project),
        *check_confirmations(project),
        *check_assessments(project),
        *check_contracts(project),
        *check_lists(project),
    ]
    if today is None:
        today = datetime.now(project.scope.content.zone if project.scope else UTC).date()
    notes = [*coverage_notes(project), *window_notes(project), *overdue_notes(project, today)]
    notes += [*ended_notes(project, today), *owner_notes(project)]
    return Linted(project.files, _in_order(problems), _in_order(notes))


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.path, problem.line)))
