# SPDX-License-Identifier: Apache-2.0
"""Gaps in a sequence are found over all batches, and what is no number is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tieout.collectors.ipe import MAX_GAPS
from tieout.collectors.tally import Tally, numbers_of
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ContractError


def tally(*batches: list[int]) -> Tally:
    return Tally(numbers=[np.array(batch, dtype=np.int64) for batch in batches])


def test_a_sequence_is_checked_only_where_it_is_named() -> None:
    assert tally([1, 5]).gaps(None) is None


def test_gaps_are_found_whatever_the_order() -> None:
    gaps = tally([9, 3, 4], [], [12, 4, 1]).gaps("ticket")
    assert gaps is not None
    assert (gaps.first, gaps.last, gaps.missing, gaps.gaps) == (1, 12, 7, ((2, 2), (5, 8), (10, 11)))


def test_no_rows_have_no_gaps() -> None:
    gaps = tally([], []).gaps("ticket")
    assert gaps is not None
    assert (gaps.first, gaps.last, gaps.missing, gaps.gaps) == (None, None, 0, ())


def test_more_gaps_than_are_listed_are_counted() -> None:
    gaps = tally(list(range(0, 1000, 2))).gaps("ticket")
    assert gaps is not None
    assert (gaps.missing, len(gaps.gaps)) == (499, MAX_GAPS)


def test_the_number_is_what_a_text_ends_in() -> None:
    rows = pa.table({"ticket": ["INC-007", "INC-12", "3"], POSITION_COLUMN: [1, 2, 3]})
    assert numbers_of(rows, "ticket", "a source").tolist() == [7, 12, 3]


@pytest.mark.parametrize("text", ["INC-", "", None])
def test_a_text_without_a_number_is_named_by_its_row(text: str | None) -> None:
    rows = pa.table({"ticket": pa.array(["INC-1", text], pa.string()), POSITION_COLUMN: [1, 2]})
    with pytest.raises(ContractError, match=r"a source: column 'ticket': expected texts that end in a number.*at row 2"):
        numbers_of(rows, "ticket", "a source")
