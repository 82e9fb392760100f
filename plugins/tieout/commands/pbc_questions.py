# SPDX-License-Identifier: Apache-2.0
"""``tieout pbc ask`` and ``answer``: questions about an auditor's request, and their answers, as signed responses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tieout.commands.common import bucket_options, open_store, printable
from tieout.commands.pbc import pbc
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.criteria.pbc import RequestList
    from tieout.flows.deviations_answer import Desk
    from tieout.flows.pbc_questions import Entered

__all__ = ["pbc"]  # with every command of the group
_SIDES = click.Choice(["auditor", "management"])
_BY = click.option("--by", required=True, help="Who enters it: a role or a person id.")


@pbc.command()
@bucket_options
@click.argument("name", metavar="LIST")
@click.argument("request_id", metavar="REQUEST")
@click.argument("text")
@click.option("--from", "side", type=_SIDES, default="auditor", show_default=True, help="Whose question it is.")
@_BY
def ask(bucket: str | None, endpoint_url: str | None, name: str, request_id: str, text: str, side: str, by: str) -> None:
    """Record a question about a REQUEST of a LIST: the auditor's, by whoever received it, or management's.

    It takes the key of TIEOUT_RESPONSE_KEY, and an identity that may put responses. Nothing is edited afterwards: what is to be
    added is a further question. The same one, entered again, stands already.
    """
    from tieout.audit.pbc_questions import Side
    from tieout.flows.pbc_questions import ask as run

    desk, requests = _desk(bucket, endpoint_url, name, by)
    _echo("question", desk, run(desk, name, requests, request_id, Side(side), text))


@pbc.command()
@bucket_options
@click.argument("name", metavar="LIST")
@click.argument("request_id", metavar="REQUEST")
@click.argument("question", metavar="QUESTION")
@click.argument("text")
@click.option("--from", "side", type=_SIDES, help="Whose answer it is; default: the side's that was asked.")
@_BY
def answer(
    bucket: str | None, endpoint_url: str | None, name: str, request_id: str, question: str, text: str, side: str | None, by: str
) -> None:
    """Record an answer to a QUESTION: the first 8 digits or more of its id, as `tieout pbc status --request` lists it.

    It takes the key of TIEOUT_RESPONSE_KEY, and an identity that may put responses. Nothing is edited afterwards: a second answer
    stands beside the first. An answer to a question that is not there is refused.
    """
    from tieout.audit.pbc_questions import Side
    from tieout.flows.pbc_questions import answer as run

    desk, requests = _desk(bucket, endpoint_url, name, by)
    _echo("answer", desk, run(desk, name, requests, request_id, question, text, Side(side) if side else None))


def _desk(bucket: str | None, endpoint_url: str | None, name: str, by: str) -> tuple[Desk, RequestList]:
    """Return where it is entered, and the list."""
    from tieout.evidence.keys import load_signer
    from tieout.flows.deviations_answer import Desk, open_label
    from tieout.flows.pbc import read_list
    from tieout.flows.status import choose_period, read_program, read_records

    settings, now = from_environment(), datetime.now(UTC)
    requests, program, store = read_list(settings, name), read_program(settings), open_store(bucket, endpoint_url)
    today = program.scope.calendar.day_of(now)
    period = choose_period(program.scope.observation_periods, requests.observation_period, today)
    label = open_label(program, period, read_records(store), now)
    return Desk(settings, store, load_signer(settings.response_key), program, label, by, now), requests


def _echo(what: str, desk: Any, entered: Entered) -> None:
    how = "recorded" if entered.stored_now else "stands already"
    click.echo(printable(f"{what} {entered.id}, {how}: s3://{desk.store.bucket}/{entered.key}"))
