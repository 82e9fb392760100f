# SPDX-License-Identifier: Apache-2.0
"""App Home: what a person has open, and what they have done."""

from __future__ import annotations

from tieout.desks.desk import Summary, Task, Tasks
from tieout.desks.sign_off_desk import SignOffRequest
from tieout.slack.blocks.elements import VIEW_BLOCKS, Block, context, header, moment, mrkdwn, plain, quoted, section
from tieout.slack.blocks.messages import task_blocks
from tieout.slack.blocks.sign_off import home_blocks
from tieout.texts import counted

HISTORY = 25
"""Most assignments of the past that are shown."""
SIGN_OFFS = 5
"""Most sign-offs that are shown at a time."""
_OPEN_BLOCKS = VIEW_BLOCKS - HISTORY - 2 * SIGN_OFFS - 6


def home_view(tasks: Tasks, sign_offs: tuple[SignOffRequest, ...] = ()) -> Block:
    """Return a person's App Home."""
    blocks = [header("To do")]
    if not tasks.open and not sign_offs:
        blocks.append(section(mrkdwn("Nothing is waiting for you.")))
    blocks += home_blocks(sign_offs[:SIGN_OFFS])
    blocks += _open_blocks(tasks.open)
    if tasks.history:
        blocks.append(header("Done"))
        blocks += [_done(each) for each in tasks.history[:HISTORY]]
    if len(tasks.history) > HISTORY:
        blocks.append(context(mrkdwn(f"And {len(tasks.history) - HISTORY:,} before.")))
    return {"type": "home", "blocks": blocks}


def refused_home(reason: str, ask: str) -> Block:
    """Return the App Home of somebody who may not use it: why, and whom to ask."""
    return {"type": "home", "blocks": [header("Not for you"), section(plain(f"{reason} Ask {ask}.", 1000))]}


def _open_blocks(summaries: tuple[Summary, ...]) -> list[Block]:
    """Return what is open; what does not fit is counted."""
    blocks: list[Block] = []
    for number, summary in enumerate(summaries):
        still_open = sum(each.open for each in summary.tasks)
        said = f"*{quoted(summary.title, 150)}*\n{counted(still_open, summary.unit)} {summary.words.to_do}{_first_due(summary)}"
        made = [{"type": "divider"}, section(mrkdwn(said)), *task_blocks(summary, f"home.{number}")]
        if len(blocks) + len(made) > _OPEN_BLOCKS:
            return [*blocks, context(mrkdwn(f"And {counted(len(summaries) - number, 'campaigns')} more: finish these first."))]
        blocks += made
    return blocks


def _first_due(summary: Summary) -> str:
    due = min((each.due_at for each in summary.tasks if each.open), default=None)
    return f", due {moment(due, '{date_short_pretty}')}" if due else ""


def _done(task: Task) -> Block:
    when = moment(task.done_at, "{date_short_pretty}") if task.done_at else "closed"
    return context(mrkdwn(f"{quoted(task.title, 150)}: {task.answered:,} of {task.total:,} {task.words.done}, {when}"))
