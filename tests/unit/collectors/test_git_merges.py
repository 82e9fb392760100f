# SPDX-License-Identifier: Apache-2.0
"""Change records from a git repository; and a CSV file that states the same commits gives the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit import change_csv
from tests.unit.collectors.frames import Extractor, FrameFactory
from tests.unit.collectors.git_repo import GitRepo, git

from tieout.errors import ConfigurationError, ContractError, SourceUnavailable

FACTS = ("author", "committer", "parents", "pull_request", "change_type", "files_changed", "insertions", "deletions")
SYMBOLS = bytes(range(256))
Shop = tuple[Path, dict[int, str]]


@pytest.fixture
def shop(home: Path) -> Shop:
    """Return a bare repository, and the id of each of its commits by its number."""
    repo = GitRepo(home / "shop.git")
    repo.commit("Begin", at="2026-02-27T10:00:00+00:00", files={"a": b"1\n2\n"})  # 1: the root
    repo.commit("fix: a (#7)", at="2026-03-01T01:00:00+02:00", files={"a": b"1\n3\n"})  # 2: 28 February in UTC
    repo.commit("fix: a (#8)", at="2026-03-01T00:00:00+00:00", files={"a": b"1\n3\n4\n"})  # 3
    repo.commit("On a branch", at="2026-03-02T00:00:00+00:00", branch="x", parent=3, files={"b": b"b\nb\n"})  # 4
    repo.commit("More", at="2026-03-02T01:00:00+00:00", branch="x", files={"c": b"c\n", "a": b"4\n"})  # 5
    repo.commit("Main goes on", at="2026-03-02T02:00:00+00:00", files={"logo.png": SYMBOLS})  # 6
    repo.commit(
        "Merge pull request #12 from x/y",
        at="2026-03-03T00:00:00+00:00",
        committer="web-merge",
        merge=5,
        files={"b": b"b\nb\n", "c": b"c\n", "a": b"4\n"},
    )  # 7
    repo.commit("Merged PR 3: nothing", at="2026-03-31T23:59:59-00:00", author="ben@example.com")  # 8
    repo.commit("docs!: café (#13)", at="2026-03-31T20:00:00-04:00", files={"d": b"d\n"})  # 9: 1 April in UTC
    return repo.path, repo.write()


EXPECTED = {
    3: ("ann@example.com", "ben@example.com", "1", "8", "fix", "1", "1", "0"),
    6: ("ann@example.com", "ben@example.com", "1", "", "", "1", "0", "0"),
    7: ("ann@example.com", "web-merge", "2", "12", "", "3", "3", "2"),
    8: ("ben@example.com", "ben@example.com", "1", "3", "", "0", "0", "0"),
}


def shop_frame(frame_of: FrameFactory, month: str = "2026-03", **parameters: Any) -> Any:
    """Return a frame of the repository."""
    given = {"repository": "shop.git", "branch": "main", "platform_committers": ["web-merge"], **parameters}
    return frame_of("git_merges", month, **given)


def test_the_windows_commits_on_the_first_parent_chain_come_with_their_facts(
    shop: Shop, frame_of: FrameFactory, extractor: Extractor
) -> None:
    rows = {row["sha"]: row for row in extractor.rows(shop_frame(frame_of))}
    assert {sha: tuple(row[name] for name in FACTS) for sha, row in rows.items()} == {
        shop[1][number]: facts for number, facts in EXPECTED.items()
    }
    kinds = {
        number: (rows[shop[1][number]]["committer_kind"], rows[shop[1][number]]["committer_is_author"]) for number in EXPECTED
    }
    assert kinds == {3: ("person", "false"), 6: ("person", "false"), 7: ("platform", None), 8: ("person", "true")}


def test_a_root_commit_counts_its_lines_against_nothing(shop: Shop, frame_of: FrameFactory, extractor: Extractor) -> None:
    rows = {row["sha"]: row for row in extractor.rows(shop_frame(frame_of, "2026-02"))}
    assert set(rows) == {shop[1][1], shop[1][2]}
    assert [rows[shop[1][1]][name] for name in ("parents", "files_changed", "insertions", "deletions")] == [
        "0",
        "1",
        "2",
        "0",
    ]


def test_the_record_names_the_commit_that_was_read_and_counts_the_chain(
    shop: Shop, frame_of: FrameFactory, extractor: Extractor
) -> None:
    frame = shop_frame(frame_of)
    ipe = extractor(frame).ipe
    assert ipe.source.parameters == {"branch": "main", "head": shop[1][9]}
    assert (ipe.source_total.rows, ipe.second_count.rows, ipe.rows_in_window) == (7, 7, 4)
    assert [page.media_type for page in frame.pages] == ["text/plain", "text/plain"]


@pytest.mark.usefixtures("shop")
def test_a_window_without_commits_is_zero_rows(frame_of: FrameFactory, extractor: Extractor) -> None:
    ipe = extractor(shop_frame(frame_of, "2026-07")).ipe
    assert (ipe.rows_read, ipe.rows_in_window, ipe.expected_rows) == (7, 0, 0)


def test_csv_and_git_give_equal_facts(shop: Shop, home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    times = {3: "2026-03-01T00:00:00Z", 6: "2026-03-02T02:00:00Z", 7: "2026-03-03T00:00:00Z", 8: "2026-03-31T23:59:59Z"}
    lines = [
        change_csv.line(
            sha=shop[1][number],
            committed_at=times[number],
            authored_at=times[number],
            **dict(zip(FACTS, facts, strict=True)),
        )
        for number, facts in EXPECTED.items()
    ]
    (home / "in.csv").write_text(change_csv.text(*lines))
    by_csv = extractor.typed(frame_of(path="in.csv", platform_committers=["web-merge"]))
    by_git = extractor.typed(shop_frame(frame_of))
    assert by_git.sort_by("sha").equals(by_csv.sort_by("sha"))
    assert by_git.num_rows == 4


@pytest.mark.usefixtures("shop")
def test_a_pattern_of_ones_own_finds_the_pull_request(frame_of: FrameFactory, extractor: Extractor) -> None:
    frame = shop_frame(frame_of, pull_request_pattern=r"^Merged PR (\d+)|^Main (goes)")
    assert sorted(row["pull_request"] for row in extractor.rows(frame)) == ["", "", "3", "goes"]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("pattern", "problem"), [("(", "no regular expression"), (r"#\d+", "expected a group around")])
def test_a_pattern_that_could_find_no_number_is_refused(
    frame_of: FrameFactory, extractor: Extractor, pattern: str, problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"parameter 'pull_request_pattern': {problem}"):
        extractor(shop_frame(frame_of, pull_request_pattern=pattern))


def test_a_renamed_file_is_one_removed_and_one_added(home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    repo = GitRepo(home / "shop.git")
    repo.commit("Begin", at="2026-02-05T00:00:00+00:00", files={"old": b"1\n2\n3\n"})
    repo.commit("Rename", at="2026-03-05T00:00:00+00:00", files={"old": None, "new": b"1\n2\n3\n"})
    repo.write()
    (row,) = extractor.rows(shop_frame(frame_of))
    assert [row[name] for name in ("files_changed", "insertions", "deletions")] == ["2", "3", "3"]


def test_a_message_that_is_no_utf_8_costs_nothing_but_itself(home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    repo = GitRepo(home / "shop.git")
    repo.commit(b"fix: caf\xe9 (#3)", at="2026-03-05T00:00:00+00:00", files={"a": b"1\n"})
    repo.write()
    assert [row["pull_request"] for row in extractor.rows(shop_frame(frame_of))] == ["3"]


def test_a_shallow_clone_is_refused(shop: Shop, home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    git(home, "clone", "--quiet", "--bare", "--depth=3", f"file://{shop[0]}", "shallow.git")
    with pytest.raises(ContractError, match=r"a shallow clone holds only part of the chain\. Run git fetch --unshallow"):
        extractor(shop_frame(frame_of, repository="shallow.git"))


@pytest.mark.usefixtures("shop")
def test_a_branch_that_is_not_there_may_come_later(frame_of: FrameFactory, extractor: Extractor) -> None:
    with pytest.raises(SourceUnavailable, match=r"shop\.git: git rev-parse --verify refs/heads/release"):
        extractor(shop_frame(frame_of, branch="release"))


def test_a_work_tree_is_read_like_a_bare_repository(shop: Shop, home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    git(home, "clone", "--quiet", str(shop[0]), "work")
    (home / "work" / ".gitattributes").write_text("* binary\n")
    git(home / "work", "add", ".gitattributes")
    assert extractor.rows(shop_frame(frame_of, repository="work")) == extractor.rows(shop_frame(frame_of))
