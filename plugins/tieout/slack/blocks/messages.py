# SPDX-License-Identifier: Apache-2.0
"""Messages: the one summary to each reviewer of a campaign, reminders, questions, and receipts of what was stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tieout.desks.desk import Decision, Stored, Summary, Task
from tieout.slack.blocks.elements import (
    ASK,
    OPEN,
    SECTION_TEXT,
    Block,
    actions,
    button,
    context,
    header,
    moment,
    mrkdwn,
    plain,
    quoted,
    section,
)
from tieout.texts import clean, counted, cut, cut_escaped

SUMMARY, REMINDER = "summary", "reminder"
"""What the block ids of assignments start with: a button tells which message it is pressed in."""
SHOWN_TASKS = 20
"""Most assignments that one message shows; App Home and the modal show the others."""
LISTED = 100
"""Most names that one list shows; it says how many more there are."""
LONGEST_QUESTION = 2000
_FALLBACK = 300
_STORED = "Each page is stored as you submit it. A receipt of it comes into this message's thread."
_IN_AIRFLOW = "on its page in Airflow: Tieout, My reviews"
_NAME = 28
"""Characters of a name in a list: a full one fits the 3000 of a section."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: the text that notifications show, and the blocks."""

    text: str
    blocks: list[Block]


def summary_message(summary: Summary) -> Message:
    """Return the message that stands for a campaign in a person's direct messages. It is updated as they go on."""
    total, answered = sum(each.total for each in summary.tasks), sum(each.answered for each in summary.tasks)
    title = quoted(summary.title, 150)
    done = counted(total, summary.unit)
    if summary.closed is not None:
        said = f"*{answered:,} of {done}* {summary.words.done}. It takes no more answers: {quoted(summary.closed, 300)}"
    elif answered < total:
        said = f"*{counted(total - answered, summary.unit)} {summary.words.to_do}* of {total:,}, {_due(summary.tasks)}."
    else:
        said = f"*All done:* {done} {summary.words.done}. Thank you."
    blocks = [header(summary.title), section(mrkdwn(said)), *task_blocks(summary, SUMMARY)]
    if summary.closed is None:
        blocks.append(actions(button("Ask a question", ASK, as_value(summary.campaign))))
        stored = "It is stored as you hand it in." if summary.words.form else _STORED
        blocks.append(context(mrkdwn(stored)))
    return Message(f"{title}: {said.replace('*', '')}", blocks)


def task_blocks(summary: Summary, where: str) -> list[Block]:
    """Return the assignments of a campaign, each with its button while it is open; ``where`` starts their block ids."""
    blocks = []
    for number, task in enumerate(summary.tasks[:SHOWN_TASKS]):
        text, waits = f"*{quoted(task.title, 150)}*\n{task.answered:,} of {task.total:,} {task.words.done}", task.open > 0
        more = {"accessory": _open_button(task)} if waits and summary.closed is None and not task.words.form else {}
        text += f"\nFill it in {on_page(task.page)}." if waits and summary.closed is None and task.words.form else ""
        blocks.append(section(mrkdwn(text), block_id=f"{where}.{number}", **more))
    if len(summary.tasks) > SHOWN_TASKS:
        blocks.append(context(mrkdwn(f"And {len(summary.tasks) - SHOWN_TASKS:,} more: finish these, and the others follow.")))
    return blocks


def reminder_message(summary: Summary, number: int) -> Message:
    """Return a reminder; it is posted beside the summary, so that Slack notifies."""
    still_open = sum(each.open for each in summary.tasks)
    said = (
        f"{quoted(summary.title, 150)}: *{counted(still_open, summary.unit)} still {summary.words.to_do}*, {_due(summary.tasks)}."
    )
    blocks = [section(mrkdwn(said)), *task_blocks(summary, REMINDER), context(mrkdwn(f"Reminder {number}."))]
    return Message(said.replace("*", ""), blocks)


def escalation_message(summary: Summary, because: str) -> Message:
    """Return the message to the next in order, who now has what somebody else left open.

    Args:
        summary: What is now theirs.
        because: Why, in our words and without names: ``the reviewer can not be reached``.
    """
    made = summary_message(summary)
    said = f"This came to you because {quoted(because, 300)}."
    return Message(f"{said} {made.text}", [made.blocks[0], section(mrkdwn(said)), *made.blocks[1:]])


def stuck_message(title: str, count: int, unit: str, campaign: str) -> Message:
    """Return the message to a manager of the program: nobody is left who could decide some items.

    Args:
        title: Of the campaign.
        count: How many items.
        unit: What they are, in the plural.
        campaign: Its id.
    """
    about = (
        f"{quoted(title, 150)}: *nobody is left who could decide {counted(count, unit)}*. It does not close before somebody does."
    )
    how = f"Give them to somebody: `tieout review reassign {quoted_code(campaign)}`; `tieout review status` lists them."
    return Message(about.replace("*", ""), [section(mrkdwn(about)), context(mrkdwn(how))])


def look_message(title: str, page: str) -> Message:
    """Return the message to who may accept or return what somebody has handed in.

    Args:
        title: Of the campaign.
        page: Address of the page on which it is looked at; empty where nobody knows.
    """
    about = f"{quoted(title, 150)}: *something was handed in, and waits for you to accept or return it.* Look at it "
    return Message(f"{about.replace('*', '')}in Airflow.", [section(mrkdwn(f"{about}{on_page(page)}."))])


def on_page(page: str) -> str:
    """Return where a page is, for the end of a sentence: a link, or the way there."""
    return f"<{page}|on its page>" if page else _IN_AIRFLOW


def list_message(title: str, names: Sequence[str], unit: str, due_at: datetime) -> Message:
    """Return the message to whom people report: one list of those who have something open.

    Args:
        title: Of the campaign.
        names: Of the people, in order.
        unit: What they have open, in the plural.
        due_at: Until when, UTC.
    """
    alone = len(names) == 1
    people = "1 person who reports to you* still has" if alone else f"{len(names):,} people who report to you* still have"
    said = f"{quoted(title, 150)}: *{people} {quoted(unit, 60)} open, due {moment(due_at)}."
    lines = [cut(clean(name), _NAME) for name in names[:LISTED]]
    more = [f"and {len(names) - LISTED:,} more"] if len(names) > LISTED else []
    blocks = [
        section(mrkdwn(said)),
        section(plain("\n".join([*lines, *more]), SECTION_TEXT)),
        context(mrkdwn("They have been asked themselves, and answer themselves: you can not answer for them.")),
    ]
    return Message(said.replace("*", ""), blocks)


def receipt_message(stored: Stored, decisions: Sequence[Decision], title: str, labels: dict[str, str]) -> Message:
    """Return the receipt of one stored answer.

    Args:
        stored: What stands.
        decisions: What was decided.
        title: Of the campaign.
        labels: Words of the choices by their id.
    """
    said = f"Stored {moment(stored.at)}: *{_tally(decisions, labels)}*."
    detail = f"{quoted(title, 150)}, {quoted(stored.task.title, 150)}. Response `{quoted_code(stored.response)}`."
    return Message(f"Stored: {_tally(decisions, labels)}.", [section(mrkdwn(said)), context(mrkdwn(detail))])


def question_message(question: str, asker: str, title: str) -> Message:
    """Return a question as it goes to those who answer, and into the asker's thread.

    Args:
        question: As it was asked.
        asker: Slack user id of who asked.
        title: Of the campaign.
    """
    said = f"<@{asker}> asks about {quoted(title, 150)}:"
    return Message(
        f"A question about {quoted(title, 150)}: {cut_escaped(clean(question), _FALLBACK)}",
        [section(mrkdwn(said)), section(plain(question, SECTION_TEXT))],
    )


def as_value(campaign: str, assignment: str = "") -> str:
    """Return what a button says was pressed: ids only."""
    return json.dumps([campaign, assignment], separators=(",", ":"))


def read_value(text: object) -> tuple[str, str] | None:
    """Return campaign and assignment of a button; ``None`` where it says something else."""
    try:
        campaign, assignment = json.loads(text) if isinstance(text, str) else (None, None)
    except (ValueError, TypeError, RecursionError):
        return None
    return (campaign, assignment) if isinstance(campaign, str) and isinstance(assignment, str) else None


def quoted_code(text: str) -> str:
    """Return an id to stand between backticks."""
    return cut_escaped(clean(text).replace("`", "'"), 80)


def _open_button(task: Task) -> Block:
    label = "Go on" if task.answered else "Open"
    return button(label, OPEN, as_value(task.campaign, task.assignment), primary=True)


def _due(tasks: Sequence[Task]) -> str:
    due: datetime | None = min((each.due_at for each in tasks if each.open), default=None)
    return f"due {moment(due)}" if due else "nothing is due"


def _tally(decisions: Sequence[Decision], labels: dict[str, str]) -> str:
    counts = Counter(each.choice for each in decisions)
    return ", ".join(f"{number} {quoted_code(labels.get(choice, choice)).lower()}" for choice, number in sorted(counts.items()))
