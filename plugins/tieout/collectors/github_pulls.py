# SPDX-License-Identifier: Apache-2.0
"""Pull requests of GitHub: which commit each was merged as, and what its reviews and checks say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tieout.collectors.github import PER_PAGE, Github, following, login_of
from tieout.collectors.github_history import Chain
from tieout.collectors.github_reviews import Merge, Review, Run, find_ticket
from tieout.errors import ContractError
from tieout.times import instant, parse_instant

if TYPE_CHECKING:
    import requests


@dataclass(frozen=True, slots=True)
class Reading:
    """How pull requests are read: pattern of a ticket's id, and the label of emergencies."""

    ticket: re.Pattern[str]
    emergency_label: str


@dataclass(frozen=True, slots=True)
class Pull:
    """A merged pull request, as far as the listing tells."""

    number: int
    merged_as: str
    merge: Merge
    ticket: str | None


@dataclass(slots=True)
class Evidence:
    """What was asked of one pull request."""

    merged_by: str | None = None
    reviews: list[Review] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    stated_runs: int = 0
    """How many runs GitHub says there are."""


def pull_of(record: Mapping[str, Any], reading: Reading) -> Pull | None:
    """Return a pull request of a listing; ``None`` where it was not merged."""
    if record["merged_at"] is None or record["merge_commit_sha"] is None:
        return None
    head = record["head"]
    return Pull(
        number=record["number"],
        merged_as=record["merge_commit_sha"],
        merge=Merge(
            author=login_of(record["user"]),
            head=head["sha"],
            merged_at=parse_instant(record["merged_at"]),
            is_emergency=any(label["name"] == reading.emergency_label for label in record["labels"]),
        ),
        ticket=find_ticket(reading.ticket, record["title"], head["ref"], record["body"]),
    )


class Joined:
    """The pull requests of a branch, joined to the commits of its chain.

    Args:
        github: The API.
        path: Of the repository.
        branch: The protected branch; a pull request into another one does not count.
        reading: How pull requests are read.
        chain: The branch's.
        ask_merger: Whether to ask who merged.
    """

    def __init__(self, github: Github, path: str, branch: str, reading: Reading, chain: Chain, ask_merger: bool) -> None:
        self.frame, self.reading = github.frame, reading
        self._github, self._path, self._branch = github, path, branch
        self._chain, self._ask_merger = chain, ask_merger
        self._merged_as = self._listed()

    def _listed(self) -> dict[int, bytes]:
        """Return the pull requests of the window, packed, by the place on the chain of the commit that each was merged as.

        They come by their last update: what was last updated before the window was merged before it. One that is updated while
        they are read may be missed here; its commit is asked for by itself.
        """
        found: dict[int, bytes] = {}
        query = {"state": "closed", "base": self._branch, "sort": "updated", "direction": "desc"}
        for page in self._github.pages(f"{self._path}/pulls", **query):
            for record in page.records:
                pull = pull_of(record, self.reading)
                if pull is not None and self._chain.own(pull.merged_as):
                    found[self._chain.place[pull.merged_as]] = _packed(pull)
            if page.records and parse_instant(page.records[-1]["updated_at"]) < self.frame.window.start:
                break
        return found

    def pulls(self, commits: Sequence[str]) -> dict[str, Pull]:
        """Return the pull request of each commit of the chain that has one.

        Commits that no pull request was merged as are asked for one by one: a rebase puts several on the chain.
        """
        listed = ((sha, self._merged_as.get(self._chain.place[sha])) for sha in commits)
        found = {sha: _unpacked(data, sha) for sha, data in listed if data is not None}
        at = f"{self._path}/commits"
        wanted = ((sha, self._github.request(f"{at}/{sha}/pulls", per_page=PER_PAGE)) for sha in commits if sha not in found)
        for sha, records in self._github.exchange.gather(wanted, following=following):
            for record in records:
                pull = pull_of(record, self.reading) if record["base"]["ref"] == self._branch else None
                if pull is None:
                    continue
                if pull.merged_as == sha or self._chain.is_run_below(sha, pull.merged_as):
                    found[sha] = pull
        return found

    def evidence(self, pulls: Iterable[Pull]) -> dict[int, Evidence]:
        """Ask for who merged each pull request, its reviews, and the checks of its last commit.

        Raises:
            ContractError: GitHub gives another number of runs of checks than it says there are.
        """
        found: dict[int, Evidence] = {}
        asked = self._wanted({pull.number: pull for pull in pulls}.values())
        for (number, kind), content in self._github.exchange.gather(asked, following=following):
            evidence = found.setdefault(number, Evidence())
            if kind == "pull":
                evidence.merged_by = login_of(content["merged_by"])
            elif kind == "reviews":
                evidence.reviews.extend(_review(each) for each in content if each.get("submitted_at"))
            else:
                evidence.runs.extend(_run(each) for each in content["check_runs"])
                evidence.stated_runs = content["total_count"]
        for number, evidence in found.items():
            if len(evidence.runs) != evidence.stated_runs:
                msg = (
                    f"pull request {number}: GitHub states {evidence.stated_runs} runs of checks and gave {len(evidence.runs)}: "
                    f"they changed meanwhile, or are more than it lists. Nothing lands; run the window again."
                )
                raise ContractError(msg)
        return found

    def _wanted(self, pulls: Iterable[Pull]) -> Iterator[tuple[tuple[int, str], requests.Request]]:
        for pull in pulls:
            at = f"{self._path}/pulls/{pull.number}"
            if self._ask_merger:
                yield (pull.number, "pull"), self._github.request(at)
            yield (pull.number, "reviews"), self._github.request(f"{at}/reviews", per_page=PER_PAGE)
            runs = f"{self._path}/commits/{pull.merge.head}/check-runs"
            yield (pull.number, "runs"), self._github.request(runs, filter="all", per_page=PER_PAGE)


def _packed(pull: Pull) -> bytes:
    """Return a pull request in less than half the memory: hundreds of thousands are held until their commits come."""
    merge = pull.merge
    return json.dumps([pull.number, pull.ticket, merge.author, merge.head, instant(merge.merged_at), merge.is_emergency]).encode()


def _unpacked(data: bytes, merged_as: str) -> Pull:
    number, ticket, author, head, merged_at, is_emergency = json.loads(data)
    return Pull(number, merged_as, Merge(author, head, parse_instant(merged_at), is_emergency), ticket)


def _review(record: Mapping[str, Any]) -> Review:
    return Review(
        reviewer=login_of(record["user"]),
        is_person=record["user"] is None or record["user"]["type"] == "User",
        state=record["state"],
        commit=record["commit_id"],
        at=parse_instant(record["submitted_at"]),
    )


def _run(record: Mapping[str, Any]) -> Run:
    return Run(
        name=record["name"],
        app=record["app"]["id"] if record["app"] else 0,
        started_at=parse_instant(record["started_at"]) if record["started_at"] else None,
        number=record["id"],
        conclusion=record["conclusion"] if record["status"] == "completed" else None,
    )
