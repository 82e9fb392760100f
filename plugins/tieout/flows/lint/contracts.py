# SPDX-License-Identifier: Apache-2.0
"""Lint of evidence contracts, beyond what reading them finds: Great Expectations has each expectation they name."""

from __future__ import annotations

from collections.abc import Iterator

from tieout.contracts.expectations import expectation_names
from tieout.documents import did_you_mean, line_of, read_yaml
from tieout.flows.lint.project import Problem, Project


def check_contracts(project: Project) -> Iterator[Problem]:
    """Find rules whose expectation Great Expectations does not have; where it is not installed, nothing can be said."""
    known = expectation_names()
    for evidence_type, contract in project.contracts.items():
        unknown = {rule.id: rule.expectation for rule in contract.rules if known and rule.expectation not in known}
        if not unknown:
            continue
        path = project.evidence_types[evidence_type]
        data, lines = read_yaml(path)
        for number, entry in enumerate(data["schema"][0]["quality"]):
            if entry["id"] in unknown:
                name = unknown[entry["id"]]
                line = line_of(lines, ("schema", 0, "quality", number, "implementation", "type"))
                message = f"rule {entry['id']!r}: Great Expectations has no expectation {name!r}."
                yield Problem(path, line, message, did_you_mean(name, known))
