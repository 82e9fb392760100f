# SPDX-License-Identifier: Apache-2.0
"""The first-parent chain is followed through any listing, and a rebased pull request owns the run of its commits alone."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations

import pytest

from tieout.collectors.github_history import Chain
from tieout.errors import ContractError

PARENTS: dict[str, tuple[str, ...]] = {
    "head": ("squash", "branch2"),
    "branch2": ("branch1",),
    "branch1": ("squash",),
    "squash": ("rebased2",),
    "rebased2": ("rebased1",),
    "rebased1": ("pushed",),
    "pushed": ("merge",),
    "merge": ("old", "elsewhere"),
}
ON_CHAIN = ["head", "squash", "rebased2", "rebased1", "pushed", "merge"]


def chain_of(order: Iterable[str], inside: str = "") -> Chain:
    """Return the chain below the head, of commits that came in an order."""
    chain = Chain("head")
    for sha in order:
        chain.add(sha, PARENTS[sha], is_inside=sha == inside)
    return chain


def test_the_chain_goes_by_first_parents_to_where_the_listing_ends() -> None:
    chain = chain_of(PARENTS)
    assert (list(chain.place), chain.below) == (ON_CHAIN, "old")


def test_the_order_of_the_listing_says_nothing() -> None:
    for order in permutations(list(PARENTS)[:5]):
        assert list(chain_of([*order, *list(PARENTS)[5:]]).place) == ON_CHAIN


def test_a_chain_that_reaches_the_first_commit_has_nothing_below() -> None:
    chain = Chain("b")
    chain.add("a", (), is_inside=True)
    chain.add("b", ("a",), is_inside=True)
    assert (list(chain.place), chain.below) == (["b", "a"], None)


def test_a_head_that_was_not_listed_is_below_an_empty_chain() -> None:
    chain = Chain("head")
    assert (chain.place, chain.below) == ({}, "head")


@pytest.mark.parametrize("twice", ["head", "branch1"])
def test_a_commit_that_comes_twice_is_refused(twice: str) -> None:
    with pytest.raises(ContractError, match=f"commit {twice} comes twice"):
        chain_of([*PARENTS, twice])


def test_a_rebased_pull_request_owns_the_run_below_the_commit_that_it_was_merged_as() -> None:
    chain = chain_of(PARENTS, inside="squash")
    assert [chain.own(sha) for sha in ("head", "squash", "rebased2", "elsewhere")] == [False, True, False, False]
    assert chain.is_run_below("rebased1", "rebased2")
    assert chain.is_run_below("pushed", "rebased2"), "GitHub says which of a run are its commits"
    assert not chain.is_run_below("rebased1", "squash"), "another pull request's commit lies between"
    assert not chain.is_run_below("squash", "head"), "a merge puts one commit on the chain"
    assert not chain.is_run_below("merge", "rebased2"), "a merge was not rebased"
    assert not chain.is_run_below("rebased2", "rebased1"), "it lies above"
    assert not chain.is_run_below("rebased1", "elsewhere")
