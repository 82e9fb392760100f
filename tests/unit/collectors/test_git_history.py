# SPDX-License-Identifier: Apache-2.0
"""Rewritten history is found: by the last landing's head, and by the reflog."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.collectors.frames import Extractor, FrameFactory
from tests.unit.collectors.git_repo import GitRepo, git

from tieout.collectors.git_history import parse_reflog
from tieout.collectors.ipe import IPERecord, Unmet
from tieout.errors import ContractError

Shop = tuple[Path, dict[int, str]]


@pytest.fixture
def shop(home: Path) -> Shop:
    """Return a bare repository and its commits: 1-2-3-4 on main, 5-6 on ``other`` from 2, 7 merging 4 into 6 on ``foxtrot``."""
    repo = GitRepo(home / "shop.git")
    for day in (1, 2, 3, 4):
        repo.commit(f"Change {day}", at=f"2026-03-0{day}T00:00:00+00:00", files={"a": b"%d\n" % day})
    repo.commit("Rewritten 3", at="2026-03-05T00:00:00+00:00", branch="other", parent=2, files={"a": b"5\n"})
    repo.commit("Rewritten 4", at="2026-03-06T00:00:00+00:00", branch="other", files={"a": b"6\n"})
    repo.commit("Merge", at="2026-03-07T00:00:00+00:00", branch="foxtrot", parent=6, merge=4, files={"a": b"7\n"})
    return repo.path, repo.write()


def point_main(path: Path, sha: str) -> None:
    """Let the branch point to a commit, as a push does."""
    git(path, "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "update-ref", "-m", "push", "refs/heads/main", sha)


def log_moves(path: Path, *moves: tuple[str, str, int]) -> None:
    """Write the branch's reflog: from, to, and the day of March on which it moved."""
    log = path / "logs" / "refs" / "heads" / "main"
    log.parent.mkdir(parents=True, exist_ok=True)
    seconds = [int(datetime(2026, 3, day, tzinfo=UTC).timestamp()) for _, _, day in moves]
    who = "Ann <ann@example.com>"
    lines = (f"{old} {new} {who} {at} +0100\tpush\n" for (old, new, _), at in zip(moves, seconds, strict=True))
    log.write_text("".join(lines))


def keep_reflog(path: Path) -> None:
    """Let the repository keep a reflog from now on."""
    git(path, "config", "core.logAllRefUpdates", "always")


def record_of(frame_of: FrameFactory, extractor: Extractor, head: str | None, branch: str = "main") -> IPERecord:
    """Extract, the last landing having read a head."""
    frame = frame_of("git_merges", repository="shop.git", branch="main")
    parameters = {"branch": branch, "head": head}
    before = {"request": {"parameters": parameters}, "started_at": "2026-03-10T00:00:00.000000Z"}
    frame.previous = lambda: before if head else None
    return extractor(frame).ipe


def unmet_of(record: IPERecord) -> dict[str, str]:
    """Return what the one rule says: reason by commit."""
    (rule,) = record.source_rules
    assert (rule.rule, rule.name) == ("history_only_grows", "The protected branch's history only grows")
    keys: list[dict[str, Any]] = [json.loads(key) for key, _ in rule.rows]
    assert all(key["system"] == "shop" and list(key) == ["system", "sha"] for key in keys)
    return {key["sha"]: reason for key, (_, reason) in zip(keys, rule.rows, strict=True)}


def test_history_that_grew_is_met(shop: Shop, frame_of: FrameFactory, extractor: Extractor) -> None:
    record = record_of(frame_of, extractor, shop[1][2])
    assert record.source_rules == (Unmet("history_only_grows", "The protected branch's history only grows", ()),)
    assert record.source.blind_spots[-1].startswith("The repository keeps no reflog of the branch")


def test_without_anything_to_compare_with_nothing_is_claimed(shop: Shop, frame_of: FrameFactory, extractor: Extractor) -> None:
    for record in (record_of(frame_of, extractor, None), record_of(frame_of, extractor, shop[1][2], branch="trunk")):
        assert record.source_rules == ()
        assert [spot.split(":")[0] for spot in record.source.blind_spots[-2:]] == [
            "There is no earlier landing of this branch to compare with",
            "The repository keeps no reflog of the branch",
        ]


def test_a_force_push_loses_the_commits_it_left_out(shop: Shop, frame_of: FrameFactory, extractor: Extractor) -> None:
    path, ids = shop
    point_main(path, ids[6])
    assert unmet_of(record_of(frame_of, extractor, ids[4])) == {
        ids[number]: "On the branch's chain when it was read for the last landing; it is gone from its history."
        for number in (4, 3)
    }


def test_a_branch_that_was_set_back_lost_its_end(shop: Shop, frame_of: FrameFactory, extractor: Extractor) -> None:
    path, ids = shop
    point_main(path, ids[3])
    assert list(unmet_of(record_of(frame_of, extractor, ids[4]))) == [ids[4]]


def test_a_merge_the_wrong_way_round_moves_commits_off_the_chain(
    shop: Shop, frame_of: FrameFactory, extractor: Extractor
) -> None:
    path, ids = shop
    point_main(path, ids[7])
    assert unmet_of(record_of(frame_of, extractor, ids[4])) == {
        ids[number]: "On the branch's chain when it was read for the last landing; "
        "it is reached only through another parent of a merge."
        for number in (4, 3)
    }


def test_a_head_that_git_no_longer_holds_is_still_named(shop: Shop, frame_of: FrameFactory, extractor: Extractor) -> None:
    assert unmet_of(record_of(frame_of, extractor, "e" * 40)) == {
        "e" * 40: "Head of the branch when it was read for the last landing; git no longer holds it, nor can it list what went "
        "with it."
    }


def test_the_reflog_shows_what_was_put_back(shop: Shop, frame_of: FrameFactory, extractor: Extractor) -> None:
    path, ids = shop
    keep_reflog(path)
    for number in (2, 6, 4):
        point_main(path, ids[number])
    for head in (None, ids[4]):
        reasons = unmet_of(record_of(frame_of, extractor, head))
        assert set(reasons) == {ids[4], ids[3], ids[6], ids[5]}
        assert [reasons[ids[number]].endswith("It was put back later.") for number in (4, 6)] == [True, False]
        assert "by its reflog; it is gone from its history." in reasons[ids[6]]


@pytest.mark.parametrize(
    ("days", "lost"),
    [
        ((1, 2, 3, 4, 5), []),  # all of it before the last landing, on the 10th
        ((1, 2, 3, 11, 12), [4]),
        ((1, 2, 11, 12, 13), [4]),  # the head that was read then has been put back since
        ((11, 12, 13, 14, 15), [4, 3, 6, 5]),
    ],
)
def test_the_reflog_is_read_from_the_last_landing_on(
    shop: Shop, frame_of: FrameFactory, extractor: Extractor, days: tuple[int, ...], lost: list[int]
) -> None:
    path, ids = shop
    states = [4, 6, 4, 4, 3, 4]
    moves = zip(states, states[1:], days, strict=False)
    log_moves(path, *((ids[old], ids[new], day) for old, new, day in moves))
    assert set(unmet_of(record_of(frame_of, extractor, ids[4]))) == {ids[number] for number in lost}


def test_a_reflog_of_growth_is_met_and_kept_as_a_page(shop: Shop, frame_of: FrameFactory, extractor: Extractor) -> None:
    path, ids = shop
    point_main(path, ids[1])
    keep_reflog(path)
    for number in (2, 4):
        point_main(path, ids[number])
    record = record_of(frame_of, extractor, None)
    assert unmet_of(record) == {}
    assert len(record.pages) == 3
    assert record.source.blind_spots[-1].startswith("The reflog is a file of the repository")


def test_a_reflog_whose_commits_are_gone_names_the_heads(shop: Shop, frame_of: FrameFactory, extractor: Extractor) -> None:
    path, ids = shop
    keep_reflog(path)
    point_main(path, ids[3])
    e, f, nothing = "e" * 40, "f" * 40, "0" * 40
    log_moves(path, (ids[3], e, 1), (e, f, 2), (f, ids[3], 3), (ids[3], nothing, 4), (nothing, ids[3], 5))
    reasons = unmet_of(record_of(frame_of, extractor, None))
    assert set(reasons) == {"e" * 40, "f" * 40}
    assert all("by its reflog; git no longer holds it" in reason for reason in reasons.values())


def test_a_reflog_of_another_form_is_refused_with_its_line() -> None:
    good = f"{'a' * 40} {'b' * 40} Ann <ann@example.com> 1772000000 +0100".encode()
    assert parse_reflog(good + b"\n" + good + b"\tpush\n", "main's reflog")[1][2] == "2026-02-25T06:13:20Z"
    with pytest.raises(ContractError, match=r"main's reflog: line 2: expected two ids, who, and when\."):
        parse_reflog(good + b"\nabc\n", "main's reflog")
