# SPDX-License-Identifier: Apache-2.0
"""The acknowledgment campaign of the demo as it landed, held against what is known of it, row for row and in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console
from rich.table import Table

from tieout.criteria.periods import ITEMS
from tieout.desks.desk import LINK
from tieout.local.company import KnownCampaign
from tieout.local.demo_report import read_table
from tieout.local.demo_review import stored_responses
from tieout.local.installation import Installation
from tieout.persons import load_person_key

Key = tuple[str, str]
"""Person id and policy."""
Known = tuple[str, str]
"""Address and policy."""


@dataclass(frozen=True)
class LandedCampaign:
    """What landed of a campaign.

    Attributes:
        frozen: Whether somebody is asked, or why not, by person id and policy.
        came: What came of it: outcome, whether in time, and whether a question was answered as expected.
        by_link: Rows that were acknowledged by a personal link.
        unreachable: People who could not be told anything in Slack.
        responses: How many signed responses are stored.
    """

    frozen: dict[Key, str]
    came: dict[Key, tuple[str, bool | None, bool | None]]
    by_link: int
    unreachable: int
    responses: int


def read_campaign(installation: Installation, known: KnownCampaign) -> LandedCampaign:
    """Read what landed of a campaign, as the auditor."""
    import pyarrow.compute as pc

    def rows(table: str, window: str, columns: list[str]) -> list[dict[str, Any]]:
        wanted = (pc.field("control") == known.control) & (pc.field("window") == window)
        found: list[dict[str, Any]] = read_table(installation, table).to_table(columns=columns, filter=wanted).to_pylist()
        return found

    frozen = rows("policy_assignment", f"{ITEMS}{known.window}", ["person", "policy", "status"])
    names = ["person", "policy", "outcome", "in_time", "answer_expected", "unreachable", "channel"]
    came = rows("acknowledgment", known.window, names)
    return LandedCampaign(
        frozen={(row["person"], row["policy"]): row["status"] for row in frozen},
        came={(row["person"], row["policy"]): (row["outcome"], row["in_time"], row["answer_expected"]) for row in came},
        by_link=sum(row["channel"] == LINK for row in came),
        unreachable=len({row["person"] for row in came if row["unreachable"]}),
        responses=stored_responses(installation, known),
    )


def figures(landed: LandedCampaign) -> dict[str, int]:
    """Return what a campaign came to, in the numbers that are known of it."""
    statuses, outcomes = Counter(landed.frozen.values()), Counter(outcome for outcome, _, _ in landed.came.values())
    undone = {person for (person, _), (outcome, _, _) in landed.came.items() if outcome != "acknowledged"}
    asked = {person for (person, _), status in landed.frozen.items() if status == "assigned"}
    return {
        "people listed": len({person for person, _ in landed.frozen}),
        "rows frozen": len(landed.frozen),
        "assigned": statuses["assigned"],
        "excluded when it was frozen": statuses["excluded"],
        "paused for leave": statuses["paused"],
        "people asked": len(asked),
        "acknowledged": outcomes["acknowledged"],
        "not acknowledged": outcomes["not acknowledged"],
        "excluded as they left": outcomes["excluded"],
        "acknowledged late": sum(said[:2] == ("acknowledged", False) for said in landed.came.values()),
        "people who acknowledged all they were asked for": len(asked - undone),
        "people without an account": landed.unreachable,
        "acknowledged by a personal link": landed.by_link,
        "wrong answers": sum(expected is False for _, _, expected in landed.came.values()),
    }


def as_it_went(known: KnownCampaign, done: Mapping[str, Any], in_time: Callable[[Known], bool | None]) -> KnownCampaign:
    """Return what is known of a campaign, where the machine was too slow to ask everybody before it was due.

    Args:
        known: As the fixture states it.
        done: What people did. ``past_due`` and ``around_due`` are addresses of who meant to be in time, by their own clocks: who
            answered when it was past, and who answered in the moment in which it became due.
        in_time: Whether a row landed as in time; asked about ``around_due`` alone.
    """
    past, around = set(done["past_due"]), set(done["around_due"])
    rows = dict(known.rows)
    for key, (status, outcome, planned) in known.rows.items():
        if outcome == "acknowledged" and planned and key[0] in past | around:
            rows[key] = status, outcome, key[0] in around and bool(in_time(key))
    late = sum(said[1:] == ("acknowledged", False) for said in rows.values())
    return replace(known, rows=rows, figures={**known.figures, "acknowledged late": late})


def compare_rows(known: KnownCampaign, landed: LandedCampaign, person: Callable[[str], str]) -> list[str]:
    """Return a line for each row that is another than what is known of it; it names the policy, and nobody."""
    expected = {(person(address), policy): said for (address, policy), said in known.rows.items()}
    wrong = []
    for key in sorted(expected.keys() | landed.frozen.keys()):
        status, outcome, in_time = expected.get(key, ("not known", "", None))
        found = landed.frozen.get(key, "not landed")
        came = landed.came.get(key, ("", None, None))[:2]
        if found != status or (status == "assigned" and came != (outcome, in_time)):
            wrong.append(f"{key[0]} {key[1]}: known {status}, {outcome}, {in_time}; landed {found}, {came[0]}, {came[1]}")
    return wrong


def show_campaign(installation: Installation, known: KnownCampaign, done: Mapping[str, Any] | None, console: Console) -> bool:
    """Hold the campaign that landed against what is known of it; show both, and return whether they are the same.

    Args:
        installation: The installation.
        known: Of the campaign.
        done: What people did in Slack; ``None`` where they had answered before.
        console: Where it is shown.
    """
    person = load_person_key(installation.identity_settings["TIEOUT_IDENTITY_KEY"]).person
    landed = read_campaign(installation, known)
    if done is not None and done["past_due"] + done["around_due"]:
        known = as_it_went(known, done, lambda row: landed.came.get((person(row[0]), row[1]), ("", None, None))[1])
        said = f"{len(done['past_due'])} people more than planned answered after it was due, by their own clocks:"
        console.print(f"{said} this machine took too long to ask them.", style="yellow", highlight=False)
    found, wrong = figures(landed), compare_rows(known, landed, person)
    table = Table(title=f"Acknowledgment of two policies, {known.window}: what is known, and what landed", title_justify="left")
    for name, justify in (("", "left"), ("known", "right"), ("landed", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for name, number in known.figures.items():
        table.add_row(name, f"{number:,}", f"{found[name]:,}" if found[name] == number else f"{found[name]:,}, NOT THE SAME")
    console.print(table)
    said = "row for row the same" if not wrong else f"NOT THE SAME: {wrong[:5]}"
    console.print(f"{len(known.rows)} rows, {said}.", highlight=False, soft_wrap=True, markup=False)
    same = found == known.figures and not wrong
    if done is not None:
        told = f"{done['asked']} people were asked in Slack by {done['messages']} messages, {done['mails']} by mail;"
        said = f"{done['answered']} pages were answered, {landed.responses} signed responses are stored."
        console.print(f"{told} {said}", highlight=False, soft_wrap=True, markup=False)
        same = same and done["answered"] == landed.responses
        same = same and done["asked"] == done["messages"] and done["mails"] == landed.unreachable
    return same
