# SPDX-License-Identifier: Apache-2.0
"""Coverage of criteria and points of focus: mapped, reviewed and evidenced are three numbers and never one.

*Mapped*: somebody says that a control serves it. *Reviewed*: management has read that and accepted it. *Evidenced*: a mapped
control has landed evidence. None follows from another. What management has not considered stands beside them: it is no
potential deviation, because points of focus are guidance.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from tieout.criteria.assessments import Assessment, Consideration
from tieout.criteria.catalogue import Catalogue, CategoryId, Criterion
from tieout.criteria.controls import Control


@dataclass(frozen=True, slots=True)
class PointCoverage:
    """What stands behind one point of focus."""

    id: str
    summary: str
    mapped: tuple[str, ...]
    """Controls that anybody says serve it, proposed or reviewed."""
    reviewed: tuple[str, ...]
    evidenced: tuple[str, ...]
    consideration: Consideration

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            "id": self.id,
            "summary": self.summary,
            "mapped": list(self.mapped),
            "reviewed": list(self.reviewed),
            "evidenced": list(self.evidenced),
            "consideration": self.consideration.value,
        }


@dataclass(frozen=True, slots=True)
class CriterionCoverage:
    """What stands behind one criterion."""

    criterion: Criterion
    mapped: tuple[str, ...]
    reviewed: tuple[str, ...]
    evidenced: tuple[str, ...]
    points: tuple[PointCoverage, ...]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many of its points of focus are mapped, reviewed, evidenced, and how management considered them."""
        coverage = {
            name: sum(bool(getattr(point, name)) for point in self.points) for name in ("mapped", "reviewed", "evidenced")
        }
        considered = {each.value: sum(point.consideration is each for point in self.points) for each in Consideration}
        return {"coverage": coverage, "consideration": considered, "all": {"points_of_focus": len(self.points)}}

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            "id": self.criterion.id,
            "name": self.criterion.name,
            "category": self.criterion.category,
            "summary": self.criterion.summary,
            "controls": {
                "mapped": list(self.mapped),
                "reviewed": list(self.reviewed),
                "evidenced": list(self.evidenced),
            },
            **self.counts(),
            "points_of_focus": [point.as_document() for point in self.points],
        }


def coverage(
    catalogue: Catalogue,
    categories: frozenset[CategoryId],
    controls: Mapping[str, Control],
    assessments: Mapping[str, Assessment],
    evidenced: Container[str],
) -> list[CriterionCoverage]:
    """Return the coverage of every criterion of some categories, in the catalogue's order.

    Args:
        catalogue: The criteria.
        categories: Those in scope. Points of focus of another category are left out.
        controls: Every control that is active, by id.
        assessments: What management says, by point of focus; what is not there was not considered.
        evidenced: Ids of controls that have landed evidence.
    """
    return [_of(criterion, categories, controls, assessments, evidenced) for criterion in catalogue.in_scope(categories)]


def _of(
    criterion: Criterion,
    categories: frozenset[CategoryId],
    controls: Mapping[str, Control],
    assessments: Mapping[str, Assessment],
    evidenced: Container[str],
) -> CriterionCoverage:
    mappings = [
        (control_id, mapping)
        for control_id, control in controls.items()
        for mapping in control.criteria
        if mapping.criterion == criterion.id
    ]
    points = []
    for point in criterion.points_of_focus:
        if not point.is_in_scope(categories):
            continue
        to_it = [(control_id, mapping) for control_id, mapping in mappings if point.id in mapping.points_of_focus]
        assessment = assessments.get(point.id)
        mapped = tuple(control_id for control_id, _ in to_it)
        points.append(
            PointCoverage(
                point.id,
                point.summary,
                mapped,
                tuple(control_id for control_id, mapping in to_it if mapping.mapping == "reviewed"),
                tuple(control_id for control_id in mapped if control_id in evidenced),
                assessment.consideration if assessment else Consideration.NOT_CONSIDERED,
            )
        )
    ids = tuple(control_id for control_id, _ in mappings)
    return CriterionCoverage(
        criterion,
        ids,
        tuple(control_id for control_id, mapping in mappings if mapping.mapping == "reviewed"),
        tuple(control_id for control_id in ids if control_id in evidenced),
        tuple(points),
    )
