# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of the YAML models, for completion in editors. Tieout itself checks with the models, which know more."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

from tieout.criteria.assessments import SeriesAssessment
from tieout.criteria.auditor_access import AuditorAccess
from tieout.criteria.catalogue import Catalogue
from tieout.criteria.controls import Control
from tieout.criteria.dry_runs import DryRuns
from tieout.criteria.forms import Form
from tieout.criteria.pbc import RequestList
from tieout.criteria.policies import Policy
from tieout.criteria.scope import Scope
from tieout.criteria.toxic_combinations import ToxicCombinations
from tieout.documents import Document

_MODELS: dict[str, tuple[type[Document], str]] = {
    "control": (Control, "A control: include/criteria/controls/<id>.yaml"),
    "scope": (Scope, "The scope: include/criteria/scope.yaml"),
    "assessment": (SeriesAssessment, "Points of focus considered: include/criteria/assessments/<series>.yaml"),
    "catalogue": (Catalogue, "The criteria: include/criteria/<edition>.yaml"),
    "form": (Form, "A form to copy into section confirmation of a control: include/criteria/forms/<name>.yaml"),
    "policy": (Policy, "A policy: include/criteria/policies/<id>.yaml"),
    "dry_runs": (DryRuns, "Numbers of a rehearsal: include/criteria/dry_runs.yaml"),
    "pbc": (RequestList, "An auditor's list of requests: include/criteria/pbc/<list>.yaml, which `tieout pbc import` writes"),
    "toxic_combinations": (ToxicCombinations, "Entitlements apart: include/criteria/toxic_combinations.yaml"),
    "auditor_access": (AuditorAccess, "Who may read evidence, until when: include/criteria/auditor_access.yaml"),
}


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each kind of YAML file under ``include/criteria``, by kind."""
    return {name: _schema(name, model, title) for name, (model, title) in _MODELS.items()}


def write_schemas(folder: Path) -> list[Path]:
    """Write ``<kind>.schema.json`` for each kind of file into a folder, and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, schema in schemas().items():
        paths.append(folder / f"{name}.schema.json")
        paths[-1].write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
    return paths


def _schema(name: str, model: type[Document], title: str) -> dict[str, Any]:
    generated = model.model_json_schema()
    texts = {each.__name__: dict(_field_texts(each)) for each in _reachable(model)}
    for kind, part in [(model.__name__, generated), *generated.get("$defs", {}).items()]:
        for key, schema in part.get("properties", {}).items():
            if key in texts.get(kind, {}):
                schema.setdefault("description", texts[kind][key])
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:tieout:schema:{name}:v1"}
    return {**head, **generated, "title": title}


def _reachable(annotation: Any) -> Iterator[type[Document]]:
    """Return the models that an annotation names, and theirs."""
    if isinstance(annotation, type) and issubclass(annotation, Document):
        yield annotation
        for each in annotation.model_fields.values():
            yield from _reachable(each.annotation)
    for each in get_args(annotation):
        yield from _reachable(each)


def _field_texts(model: type[Document]) -> Iterator[tuple[str, str]]:
    """Return what a model's source says of each field, in the text below it.

    Pydantic would read it when the class is made, which is each time that a DAG file is parsed.
    """
    for each in reversed(model.__mro__):
        if not issubclass(each, Document):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0]
        statements = body.body if isinstance(body, ast.ClassDef) else []
        for before, after in pairwise(statements):
            if not (isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr)):
                continue
            if isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
                field = each.model_fields.get(before.target.id)
                name = (field and field.alias) or before.target.id
                yield name, inspect.cleandoc(after.value.value).replace("\n", " ")
