# SPDX-License-Identifier: Apache-2.0
"""Modals beside a page: a receipt at the end, a refusal, something to try again, and a question."""

from __future__ import annotations

from collections.abc import Sequence

from tieout.desks.desk import Stored, Task
from tieout.slack.blocks.elements import (
    NEXT,
    NOTE_VIEW,
    QUESTION_VIEW,
    Block,
    actions,
    button,
    context,
    header,
    modal,
    moment,
    mrkdwn,
    plain,
    quoted,
    section,
)
from tieout.slack.blocks.messages import LONGEST_QUESTION, as_value, quoted_code

TRY_AGAIN = "This could not be stored in time. Please submit it again in a moment; nothing counts twice."
"""Shown at the first item of a page that could not be stored in time: it is not accepted, whatever the store does later."""
QUESTION_BLOCK, QUESTION = "question", "question"


def receipt_view(task: Task, stored: Stored | None, metadata: str) -> Block:
    """Return the end of a campaign for somebody: what was stored last, and what is left open.

    Args:
        task: The assignment as it stands.
        stored: What was stored last, where something was.
        metadata: What the view carries; the button for what is left open needs it.
    """
    blocks = [header(f"{task.answered:,} of {task.total:,} {task.words.done}")]
    if stored is not None:
        blocks.append(section(mrkdwn(f"Stored {moment(stored.at)}. Response `{quoted_code(stored.response)}`.")))
    if task.open:
        blocks.append(section(mrkdwn(f"*{task.open:,} left open.* They are due {moment(task.due_at)}.")))
        blocks.append(actions(button("Go through what is open", NEXT, as_value(task.campaign, task.assignment), primary=True)))
    else:
        blocks.append(section(mrkdwn("That was all. Thank you.")))
    blocks.append(context(mrkdwn("Receipts of every page stand in your direct messages with this app.")))
    return modal(NOTE_VIEW, "Stored" if stored else "Tieout", blocks, metadata, close="Done")


def paused_view(task: Task, stored: Stored, metadata: str) -> Block:
    """Return what is shown where a page was stored and the next one could not be read."""
    said = f"*Stored* {moment(stored.at)}. Response `{quoted_code(stored.response)}`.\nThe next page can not be read just now."
    again = button("Next page", NEXT, as_value(task.campaign, task.assignment), primary=True)
    return modal(NOTE_VIEW, "Stored", [section(mrkdwn(said)), actions(again)], metadata)


def refused_view(reason: str, ask: str) -> Block:
    """Return why something is not done, and whom to ask."""
    blocks = [section(plain(reason, 1000)), context(mrkdwn(f"Ask {quoted(ask, 200)}. Nothing was stored."))]
    return modal(NOTE_VIEW, "Not possible", blocks, "")


def busy_view() -> Block:
    """Return what is shown where something can not be done at the moment."""
    said = "Tieout can not do this just now, and has accepted nothing. Please try again in a moment."
    return modal(NOTE_VIEW, "Please try again", [section(plain(said, 200))], "")


def question_view(title: str, answering: Sequence[str], metadata: str) -> Block:
    """Return the modal for a question, which says where it goes.

    Args:
        title: Of the campaign.
        answering: Slack user ids of those who get it.
        metadata: What the view carries.
    """
    to = ", ".join(f"<@{each}>" for each in answering[:10])
    said = f"Your question about {quoted(title, 150)} goes to {to} as a message of this app; they write to you directly."
    asked = {"type": "plain_text_input", "action_id": QUESTION, "multiline": True, "max_length": LONGEST_QUESTION}
    blocks: list[Block] = [
        section(mrkdwn(said)),
        context(mrkdwn("A copy stands in the thread of the campaign's message. It is no part of the evidence.")),
        {"type": "input", "block_id": QUESTION_BLOCK, "label": plain("Question", 150), "element": asked},
    ]
    return modal(QUESTION_VIEW, "Ask a question", blocks, metadata, submit="Send")


def asked_view() -> Block:
    """Return what is shown once a question is on its way."""
    return modal(NOTE_VIEW, "On its way", [section(plain("Your question is on its way. You will hear in Slack.", 200))], "")
