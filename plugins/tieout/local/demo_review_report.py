# SPDX-License-Identifier: Apache-2.0
"""What the demo shows of the access review: what is wrong in its lists, what people decided, and what was not taken from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from tieout.local.company import Case, KnownReview
from tieout.local.demo_review import NOT_MET, Landed, Line, compare_cases, compare_decisions, read_landed
from tieout.local.installation import Installation
from tieout.reviews.words import minute


def show_review(installation: Installation, known: KnownReview, done: dict[str, Any] | None, console: Console) -> bool:
    """Hold the review that landed against what is known of it; show both, and return whether they are the same.

    Args:
        installation: The installation.
        known: Of the review.
        done: What people did in Slack; ``None`` where they had answered before.
        console: Where it is shown.
    """
    landed = read_landed(installation, known)
    cases, lines = compare_cases(known, landed), list(compare_decisions(known, landed, done))
    console.print(_case_table(known, cases))
    wrong = [case for case, here, there in cases if not (here and there)]
    said = "each of them, and nothing else" if not wrong else f"NOT THE SAME: {wrong}"
    here, there = sum(here for _, here, _ in cases), sum(there for _, _, there in cases)
    _say(console, f"{here} known results, {there} landed: {said}", *_unproven(known, landed))
    console.print(_line_table(lines))
    _say(console, *_refused(known, landed, done))
    return not wrong and all(line.same for line in lines)


def _say(console: Console, *texts: str) -> None:
    for text in texts:
        console.print(text, highlight=False, soft_wrap=True, markup=False)


def _case_table(known: KnownReview, cases: Iterable[tuple[Case, bool, bool]]) -> Table:
    table = Table(title=f"Access review {known.window}: what is wrong in its lists, and what landed", title_justify="left")
    for name in ("seeded", "row", "rule: result", "counts against"):
        table.add_column(name, overflow="fold")
    for name in ("known", "landed"):
        table.add_column(name, justify="right")
    for case, here, there in cases:
        against = case.control if case.result == NOT_MET else "-"
        table.add_row(case.what, " ".join(case.row), f"{case.rule}: {case.result}", against, str(int(here)), str(int(there)))
    return table


def _line_table(lines: Iterable[Line]) -> Table:
    table = Table(title="Decided in Slack, by signed HTTP requests", title_justify="left")
    table.add_column("")
    for name in ("known", "landed"):
        table.add_column(name, justify="right")
    for line in lines:
        table.add_row(line.what, f"{line.known:,}", f"{line.landed:,}" if line.same else f"{line.landed:,}, NOT THE SAME")
    return table


def _unproven(known: KnownReview, landed: Landed) -> Iterator[str]:
    """Yield what is said of each revocation that is not proven."""
    for case in known.cases:
        row = landed.rows.get(case.row)
        if case.rule == "carried_out_in_time" and row is not None and row["proof"] is not None:
            as_of, due_at = minute(row["proof_as_of"]), minute(row["removal_due_at"])
            yield (
                f"Not proven: {' '.join(case.row)} was revoked, and is {row['proof']} in the list of {as_of}. It is due before "
                f"{due_at}: a list of an earlier day leaves it not determinable, which is never a pass; one of that day, not met."
            )


def _refused(known: KnownReview, landed: Landed, done: dict[str, Any] | None) -> Iterator[str]:
    """Yield what people were told whose answers were not taken."""
    own = landed.rows.get(known.own.row)
    if own is not None:
        yield f"Self-review: {' '.join(known.own.row)} was decided by the {own['reviewer_authority']}."
    if done is None:
        yield "People had answered in an earlier run: how many answers are stored is not held against what they did in this one."
        return
    for said, count in Counter(done["own_access"]).items():
        yield f"  Its holder tried to decide on it{f' {count} times' if count > 1 else ''}, and was told: {said}"
    yield f"Late: an answer after the close was told: {done['late']}"
    twice = " and ".join(map(str, done["repeated"]))
    yield f"Twice: one page was delivered twice, and answered {twice}. None of these three left anything in the bucket."
