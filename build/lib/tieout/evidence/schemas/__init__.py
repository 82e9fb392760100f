# SPDX-License-Identifier: Apache-2.0
"""The published JSON Schemas of the store's signed documents, one file each; a version never changes once used."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from tieout.errors import CannotCheck


@cache
def _validator(name: str) -> jsonschema_rs.Validator:
    text = files("tieout.evidence.schemas").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.validator_for(json.loads(text))


def check_document(name: str, document: dict[str, Any], what: str) -> None:
    """Check a document against its published schema.

    Args:
        name: Of the schema: ``landing_manifest.v1``.
        document: The parsed document.
        what: What an error calls it.

    Raises:
        CannotCheck: It does not follow the schema; the message names the place.
    """
    try:
        problem = next(iter(_validator(name).iter_errors(document)), None)
    except ValueError as error:  # what is wrong is nested too deeply to be told
        msg = f"{what}: malformed ({error})."
        raise CannotCheck(msg) from error
    if problem is not None:
        at = "/".join(map(str, problem.instance_path)) or "the document"
        msg = f"{what}: {at}: malformed: {problem.message[:300]}."
        raise CannotCheck(msg)
