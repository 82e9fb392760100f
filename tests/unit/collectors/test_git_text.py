# SPDX-License-Identifier: Apache-2.0
"""What git prints becomes facts or an error; git itself runs with no configuration of the machine's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.unit.collectors.git_repo import GitRepo

from tieout.collectors.git_text import DEFAULT_PULL_REQUEST, FACTS, Repository, parse_chain, parse_facts
from tieout.errors import ContractError, SourceUnavailable

PATTERN = re.compile(DEFAULT_PULL_REQUEST)
SHA = "c" * 40
Made = tuple[Repository, dict[int, str]]


def answer(subject: bytes = b"fix: a (#7)", *stats: bytes, parents: bytes = b"p1") -> bytes:
    """Return what git prints for one commit."""
    fields = (SHA.encode(), parents, b"2026-03-05T14:30:00+01:00", b"ann@example.com", b"web-merge", subject)
    return b"\x01" + b"\x00".join(fields) + b"\n\n" + b"".join(stat + b"\n" for stat in stats)


@pytest.mark.parametrize(
    ("subject", "pull_request", "change_type"),
    [
        ("Merge pull request #12 from x/y", "12", ""),
        ("fix: a (#7)", "7", "fix"),
        ("Merged PR 3: x", "3", ""),
        ("feat(api)!: drop v1 (#1234)  ", "1234", "feat"),
        ('Revert "fix: a (#7)" (#9)', "9", ""),
        ('Revert "fix: a (#7)"', "", ""),
        ("see #12 for more", "", ""),
        ("Merge branch 'main' of x/y", "", ""),
        ("Fix: capital", "", ""),
        ("fix without colon", "", ""),
        ("", "", ""),
    ],
)
def test_the_subject_gives_pull_request_and_type(subject: str, pull_request: str, change_type: str) -> None:
    facts = parse_facts(answer(subject.encode()), PATTERN, "repo#main")[SHA]
    assert (facts["pull_request"], facts["change_type"]) == (pull_request, change_type)


def test_counts_add_up_over_files_and_a_binary_file_has_no_lines() -> None:
    stats = (b"3\t1\ta.txt", b"-\t-\tlogo.png", b"0\t2\t{old => new}/b.txt")
    facts = parse_facts(answer(b"x", *stats), PATTERN, "repo#main")[SHA]
    assert (facts["files_changed"], facts["insertions"], facts["deletions"]) == ("3", "3", "3")


def test_counts_start_anew_with_each_commit() -> None:
    other = answer(b"y", b"1\t1\tb").replace(SHA.encode(), b"d" * 40)
    facts = parse_facts(answer(b"x", b"5\t5\ta") + other + answer(b"z").replace(b"c" * 40, b"e" * 40), PATTERN, "o")
    assert {sha: entry["insertions"] for sha, entry in facts.items()} == {SHA: "5", "d" * 40: "1", "e" * 40: "0"}


@pytest.mark.parametrize(("parents", "count"), [(b"", "0"), (b"p1", "1"), (b"p1 p2", "2")])
def test_parents_are_counted(parents: bytes, count: str) -> None:
    assert parse_facts(answer(parents=parents), PATTERN, "repo#main")[SHA]["parents"] == count


def test_no_answer_is_no_facts() -> None:
    assert parse_facts(b"", PATTERN, "repo#main") == {}


def test_a_subject_that_is_no_utf_8_costs_nothing_but_itself() -> None:
    facts = parse_facts(answer(b"caf\xe9 (#3)"), PATTERN, "repo#main")[SHA]
    assert (facts["pull_request"], facts["author"]) == ("3", "ann@example.com")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"\x01abc\x00def\n", "repo#main: line 1 of git's answer: expected 6 fields, got 2."),
        (
            answer() + b"warning: x\n",
            "repo#main: line 3 of git's answer: expected a commit or a file's counts, got b'warn",
        ),
    ],
)
def test_an_answer_of_another_form_is_refused_with_its_line(text: bytes, problem: str) -> None:
    with pytest.raises(ContractError) as caught:
        parse_facts(text, PATTERN, "repo#main")
    assert str(caught.value).startswith(problem)


def test_the_chain_is_ids_and_times_in_gits_order() -> None:
    listing = b"b\x002026-03-05T14:30:00Z\na\x002026-03-04T14:30:00Z\n"
    assert parse_chain(listing, "repo#main") == [("b", "2026-03-05T14:30:00Z"), ("a", "2026-03-04T14:30:00Z")]


def test_a_chain_of_another_form_is_refused_with_its_line() -> None:
    with pytest.raises(ContractError, match=r"repo#main: line 2 of git's listing: expected an id and a time, got 'b'\."):
        parse_chain(b"a\x002026-03-05T14:30:00Z\nb\n", "repo#main")


@pytest.fixture
def two_commits(tmp_path: Path) -> Made:
    """Return a repository and the ids of its commits."""
    made = GitRepo(tmp_path / "shop.git")
    made.commit("one", at="2026-03-01T00:00:00+00:00", files={"a": b"1\n"})
    made.commit("two", at="2026-03-02T00:00:00+00:00", files={"a": b"2\n"})
    return Repository(made.path), made.write()


def test_a_branch_has_a_head_and_a_count(two_commits: Made) -> None:
    repository, ids = two_commits
    assert repository.head("main") == ids[2]
    assert [repository.count(ids[number]) for number in (1, 2)] == [1, 2]
    repository.refuse_shallow()


def test_the_callers_git_settings_change_nothing(two_commits: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    repository, ids = two_commits
    config = tmp_path / "home" / ".gitconfig"
    config.parent.mkdir()
    config.write_text(
        "[log]\n\tshowSignature = true\n\tdate = relative\n[diff]\n\torderFile = /nowhere\n[core]\n\tpager = false\n"
    )
    before = b"".join(repository.run(*FACTS, stdin=ids[2].encode()))
    monkeypatch.setenv("HOME", str(config.parent))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert b"".join(repository.run(*FACTS, stdin=ids[2].encode())) == before


def test_a_replaced_commit_is_read_as_it_was_made(
    two_commits: Made,
) -> None:
    repository, ids = two_commits
    repository.text("replace", ids[2], ids[1])
    assert repository.count(repository.head("main")) == 2


@pytest.mark.parametrize("branch", ["release", "--all", "main^{tree}", "../heads/main"])
def test_a_branch_that_is_not_there_is_named(two_commits: Made, branch: str) -> None:
    repository, _ = two_commits
    with pytest.raises(SourceUnavailable) as caught:
        repository.head(branch)
    assert str(caught.value).startswith(f"{repository.path}: git rev-parse --verify refs/heads/{branch}")
    assert str(caught.value).endswith("Check the repository and the branch in the control's YAML.")


def test_a_repository_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="not a git repository"):
        Repository(tmp_path / "nowhere").head("main")
    with pytest.raises(SourceUnavailable, match="not a git repository"):
        Repository(tmp_path).head("main")
