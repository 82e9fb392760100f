# SPDX-License-Identifier: Apache-2.0
"""Items as they are shown to people, what may be said of them, and the words of what a campaign has people do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """Words of what a campaign has people do.

    Attributes:
        to_do: After a number of items that are open: ``3 accounts to decide``.
        done: After a number of those that are not.
        each: Before the number of an item, over its choices.
        reasons: Whether people may give a reason.
        form: Whether each item is a form that is filled in on a page of its own, and is answered nowhere else.
    """

    to_do: str
    done: str
    each: str
    reasons: bool
    form: bool = False


DECIDING = Wording("to decide", "decided", "Decision on", reasons=True)
ACKNOWLEDGING = Wording("to acknowledge", "acknowledged", "Your answer to", reasons=False)
CONFIRMING = Wording("to fill in", "handed in", "Your answer to", reasons=False, form=True)


@dataclass(frozen=True, slots=True)
class Question:
    """A question that goes with an item, and the options that answer it."""

    text: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that may be decided of an item: ``keep``, its word on a button, and whether it needs a reason."""

    id: str
    label: str
    needs_reason: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item as it is shown.

    Attributes:
        id: Of the item in its campaign.
        row_sha256: Hash of the frozen row that it is.
        title: What is decided about: an account and an entitlement.
        holder: Person id of whose it is; shown by name.
        facts: Label and value of what else is known; what is not known says so.
        flags: What stands out, each in our own words.
        statement: What somebody says who chooses: shown whole.
        link: Where the document is that it is about; an https address.
        question: What is asked besides.
    """

    id: str
    row_sha256: str
    title: str
    holder: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()
    statement: str = ""
    link: str = ""
    question: Question | None = None


def option_of(question: Question, number: str | None) -> str | None:
    """Return the option with a number, as text from 0; ``None`` where there is none."""
    known = number is not None and number.isascii() and number.isdigit() and len(number) < 4
    return dict(enumerate(question.options)).get(int(number)) if known and number else None
