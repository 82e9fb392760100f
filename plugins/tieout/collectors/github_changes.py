# SPDX-License-Identifier: Apache-2.0
"""Changes to a protected branch on GitHub, each with its pull request, reviews, checks and ticket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pydantic import Field

from tieout.collectors.frame import Frame
from tieout.collectors.github import Github, read_page
from tieout.collectors.github_change_rows import BLIND_SPOTS, COLUMNS, NO_MERGER, QUERY, row_outside, row_with, row_without
from tieout.collectors.github_history import NOT_ON_CHAIN, History, is_inside, read_history
from tieout.collectors.github_parameters import Ref, RepositoryParameters
from tieout.collectors.github_pulls import Joined, Reading
from tieout.collectors.github_reviews import judge_checks, judge_reviews
from tieout.collectors.row_tables import Row, row_tables
from tieout.times import instant

_PAGES = 5  # of commits, whose pull requests are in memory together


class Parameters(RepositoryParameters):
    """What the control's YAML says."""

    branch: Ref = "main"
    ticket_pattern: re.Pattern[str] = re.compile(r"[A-Z][A-Z0-9]+-\d+")
    emergency_label: str = "emergency"
    emergency_days: int = Field(default=3, ge=0, le=90)
    """Days after the merge within which an emergency change is to be approved."""
    required_checks: tuple[str, ...] = ()
    days_before: int = Field(default=31, ge=0, le=3660)
    """A commit that is dated so long before the window does not hide what lies below it."""
    ask_merger: bool = True  # who merged, which takes one more request for each


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Follow the chain from the branch's head, find the pull request of each commit of the window, and judge it.

    Raises:
        ConfigurationError: A parameter is wrong, or GitHub refuses the token or the request.
        ContractError: The history can not be followed, or an answer is not whole.
        SourceUnavailable: GitHub did not answer, or limits for longer than one extraction waits.
    """
    asked = frame.parameters(Parameters)
    github = Github(frame, asked)
    history = read_history(github, asked.path, asked.branch, asked.days_before)
    blind_spots = BLIND_SPOTS if asked.ask_merger else (*BLIND_SPOTS, NO_MERGER)
    bound = {"head": history.head, "branch": asked.branch, "since": instant(history.since)}
    github.state(f"{asked.path}/commits", QUERY, bound, blind_spots)
    github.count(history.read, [history.total], f"commits of {history.head} since {bound['since']}")
    reading = Reading(asked.ticket_pattern, asked.emergency_label)
    joined = Joined(github, asked.path, asked.branch, reading, history.chain, asked.ask_merger)
    yield from row_tables(_rows(joined, history, asked), COLUMNS)


def _rows(joined: Joined, history: History, asked: Parameters) -> Iterator[Row]:
    """Yield the rows of the chain's commits, in the listing's order, some pages at a time; drop the others."""
    for at in range(0, len(history.pages), _PAGES):
        commits = [commit for file in history.pages[at : at + _PAGES] for commit in read_page(file)]
        if aside := [commit["sha"] for commit in commits if commit["sha"] not in history.chain.place]:
            joined.frame.drop(NOT_ON_CHAIN, aside)
        yield from _judged(joined, [each for each in commits if each["sha"] in history.chain.place], asked)


def _judged(joined: Joined, commits: list[dict[str, Any]], asked: Parameters) -> Iterator[Row]:
    window, now = joined.frame.window, joined.frame.clock()
    found = joined.pulls([each["sha"] for each in commits if is_inside(each, window)])
    evidence = joined.evidence(found.values())
    for commit in commits:
        pull = found.get(commit["sha"])
        if pull is None:
            yield row_without(commit, joined.reading) if is_inside(commit, window) else row_outside(commit)
            continue
        known = evidence[pull.number]
        approval = judge_reviews(pull.merge, known.reviews, now, asked.emergency_days)
        yield row_with(commit, pull, known, approval, judge_checks(known.runs, pull.merge.merged_at, asked.required_checks))
