# SPDX-License-Identifier: Apache-2.0
"""The files of a project as lint reads them: every file, whatever is wrong with the one before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from tieout.contracts.odcs import Contract, load_contract
from tieout.criteria.assessments import SeriesAssessment
from tieout.criteria.auditor_access import FILE as AUDITOR_ACCESS
from tieout.criteria.auditor_access import AuditorAccess
from tieout.criteria.catalogue import Catalogue
from tieout.criteria.controls import Control, require_stem
from tieout.criteria.dry_runs import FILE_NAME as DRY_RUNS
from tieout.criteria.dry_runs import DryRuns
from tieout.criteria.forms import FORMS, Form
from tieout.criteria.overlay import LicensedTexts
from tieout.criteria.pbc import FOLDER as PBC
from tieout.criteria.pbc import RequestList
from tieout.criteria.policies import FOLDER as POLICIES
from tieout.criteria.policies import Policy, policy_files
from tieout.criteria.scope import Scope
from tieout.criteria.toxic_combinations import FILE_PREFIX, ToxicCombinations
from tieout.documents import Document, Location, did_you_mean, line_of, load_with_lines, read_yaml
from tieout.errors import ConfigurationError
from tieout.settings import Settings

M = TypeVar("M", bound=Document)
CONTRACT_SUFFIX = ".odcs.yaml"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it has to be, or, among the notes, a fact to look at."""

    path: Path
    line: int
    message: str
    cure: str = ""
    """What to do, where that can be said."""

    def __str__(self) -> str:
        """Return it as it is printed: path, line, message and cure."""
        return f"{self.path}:{self.line}: {self.message}{' ' if self.cure else ''}{self.cure}"


@dataclass(frozen=True, slots=True)
class Read(Generic[M]):
    """One YAML file that could be read."""

    path: Path
    content: M
    lines: dict[Location, int]

    def problem(self, at: Location, message: str, cure: str = "") -> Problem:
        """Return a problem at a location of the file."""
        return Problem(self.path, line_of(self.lines, at), message, cure)


@dataclass(slots=True)
class Project:
    """What could be read, and the problems with what could not."""

    settings: Settings
    scope: Read[Scope] | None = None
    catalogue: Read[Catalogue] | None = None
    """Of the scope's edition."""
    controls: dict[str, Read[Control]] = field(default_factory=dict)
    control_ids: set[str] = field(default_factory=set)
    """Of the files that could not be read too."""
    assessments: list[Read[SeriesAssessment]] = field(default_factory=list)
    broken_assessments: set[Path] = field(default_factory=set)
    combinations: dict[Path, Read[ToxicCombinations] | None] = field(default_factory=dict)
    """By file; ``None`` for one that could not be read."""
    auditor_access: Read[AuditorAccess] | None = None
    policies: dict[str, Read[Policy] | None] = field(default_factory=dict)
    """By id; ``None`` for one that could not be read."""
    lists: list[Read[RequestList]] = field(default_factory=list)
    contracts: dict[str, Contract] = field(default_factory=dict)
    evidence_types: dict[str, Path] = field(default_factory=dict)
    """Of the files that could not be read too."""
    problems: list[Problem] = field(default_factory=list)
    files: int = 0

    def read(self, path: Path, model: type[M]) -> Read[M] | None:
        """Read a file as a model; what is wrong with it becomes problems."""
        self.files += 1
        try:
            return Read(path, *load_with_lines(path, model))
        except ConfigurationError as error:
            self.problems += refusals(path, error)
            return None


def refusals(path: Path, error: ConfigurationError) -> Iterator[Problem]:
    """Return the problems that the refusal of a file names, one a line."""
    for text in str(error).splitlines():
        found = re.fullmatch(rf"{re.escape(str(path))}(?::(\d+))?: (.*)", text)
        yield Problem(path, int(found[1] or 1), found[2]) if found else Problem(path, 1, text)


def read_project(settings: Settings) -> Project:
    """Read every YAML file of ``include/criteria`` and ``include/evidence_schemas``."""
    project, folder = Project(settings), settings.criteria_folder
    project.scope = project.read(settings.scope_file, Scope)
    _read_catalogues(project)
    for path in sorted(settings.controls_folder.glob("*.yaml")):
        _read_control(project, path)
    project.policies = {name: project.read(path, Policy) for name, path in policy_files(folder / POLICIES).items()}
    for path in sorted((folder / "assessments").glob("*.yaml")):
        assessment = project.read(path, SeriesAssessment)
        if assessment:
            project.assessments.append(assessment)
        else:
            project.broken_assessments.add(path)
    for path in sorted((folder / PBC).glob("*.yaml")):
        found = project.read(path, RequestList)
        project.lists += [found] if found else []
    for path in sorted((folder / FORMS).glob("*.yaml")):
        project.read(path, Form)
    for path in sorted((folder / "licensed").glob("*.yaml")):
        project.read(path, LicensedTexts)
    for path in sorted(settings.contracts_folder.glob(f"*{CONTRACT_SUFFIX}")):
        _read_contract(project, path)
    project.problems += _strays(settings)
    return project


def _read_catalogues(project: Project) -> None:
    folder = project.settings.criteria_folder
    combinations = sorted(folder.glob(f"{FILE_PREFIX}*.yaml"))
    project.combinations = {path: project.read(path, ToxicCombinations) for path in combinations}
    access, dry_runs = folder / AUDITOR_ACCESS, folder / DRY_RUNS
    project.auditor_access = project.read(access, AuditorAccess) if access.exists() else None
    if dry_runs.exists():
        project.read(dry_runs, DryRuns)
    others = {project.settings.scope_file, access, dry_runs, *combinations}
    found = {path.stem: path for path in sorted(folder.glob("*.yaml")) if path not in others}
    catalogues = {stem: project.read(path, Catalogue) for stem, path in found.items()}
    edition = _edition(project)
    project.catalogue = catalogues.get(edition)
    if project.scope and edition not in found:
        cure = did_you_mean(edition, found)
        message = f"edition: expected include/criteria/{edition}.yaml, and there is no such file."
        project.problems.append(project.scope.problem(("edition",), message, cure))


def _edition(project: Project) -> str:
    if project.scope:
        return project.scope.content.edition
    default = str(Scope.model_fields["edition"].default)
    try:  # a scope that breaks a rule may well name its edition
        return str(read_yaml(project.settings.scope_file)[0].get("edition", default))
    except ConfigurationError:
        return default


def _read_control(project: Project, path: Path) -> None:
    project.control_ids.add(path.stem)
    try:
        require_stem(path)
    except ConfigurationError as error:
        project.problems += refusals(path, error)
    control = project.read(path, Control)
    if control:
        project.controls[path.stem] = control


def _read_contract(project: Project, path: Path) -> None:
    project.files += 1
    evidence_type = path.name.removesuffix(CONTRACT_SUFFIX)
    project.evidence_types[evidence_type] = path
    try:
        project.contracts[evidence_type] = load_contract(path)
    except ConfigurationError as error:
        project.problems += refusals(path, error)


def _strays(settings: Settings) -> Iterator[Problem]:
    """Find YAML files that nothing reads: a file in the wrong place would be silently without effect."""
    criteria, contracts = settings.criteria_folder, settings.contracts_folder
    homes = (
        criteria,
        criteria / "controls",
        criteria / "assessments",
        criteria / "licensed",
        criteria / POLICIES,
        criteria / FORMS,
        criteria / PBC,
    )
    for folder in (criteria, contracts):
        for path in sorted(folder.rglob("*.y*ml")):
            if path.suffix == ".yaml" and path.parent in homes:
                continue
            if path.name.endswith(CONTRACT_SUFFIX) and path.parent == contracts:
                continue
            kinds = "Controls, policies, forms, PBC lists, assessments, catalogues: .yaml"
            cure = f"{kinds}, contracts: .odcs.yaml, each in its own folder."
            yield Problem(path, 1, "nothing reads this file: its name or its folder is none that Tieout looks at.", cure)
