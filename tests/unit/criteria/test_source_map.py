# SPDX-License-Identifier: Apache-2.0
"""What is in scope against the populations that cover it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tieout.criteria.source_map import SourceItem, SourceMap

COVERED = {"item": "shop/storefront", "kind": "repository", "covered_by": [{"control": "cc8_1", "system": "shop_git"}]}


@pytest.mark.parametrize("said", [{}, {"covered_by": [{"control": "a", "system": "b"}], "not_covered_because": "No."}])
def test_an_item_is_covered_or_it_says_why_not(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="either covered_by or not_covered_because"):
        SourceItem.model_validate({"item": "sandbox", "kind": "account", **said})


def test_an_item_of_a_kind_stands_once() -> None:
    said = {"independent_list": "list.csv", "exported_from": "the git host", "exported_on": "2026-06-30"}
    assert SourceMap.model_validate({**said, "items": [COVERED, {**COVERED, "kind": "account"}]}).items
    with pytest.raises(ValidationError, match="expected each item once, got repository shop/storefront twice"):
        SourceMap.model_validate({**said, "items": [COVERED, COVERED]})
