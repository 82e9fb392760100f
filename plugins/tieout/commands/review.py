# SPDX-License-Identifier: Apache-2.0
"""``tieout review``: where campaigns of reviews stand, and what a manager of the program may do in them."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from tieout.commands.common import bucket_options, open_store, printable
from tieout.commands.review_text import as_lines, one_line
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.flows.campaign_manager import Manager
    from tieout.flows.campaign_standing import Standing
    from tieout.flows.campaigns import Campaigns

_DAY = click.DateTime(["%Y-%m-%d"])
_BY = click.option("--by", required=True, help="Who says so: an e-mail address, or a person id.")
_REASON = click.option("--reason", required=True, help="Why; it stays, so name nobody in it.")
_LISTED = (
    "campaign", "control", "window", "phase", "opened", "due_at", "overdue", "over", "items", "decisions", "outcomes",
)  # fmt: skip
_PERSON = "An e-mail address, or a person id as the evidence has it."


@click.group()
def review() -> None:
    """Campaigns in which people review access, from their opening to their close.

    What is signed is checked under the root of TIEOUT_ROOT_FINGERPRINT. Credentials come from the AWS chain.
    """


def _now() -> datetime:
    return datetime.now(UTC)


def _campaigns(bucket: str | None, endpoint_url: str | None) -> Campaigns:
    from tieout.flows.campaigns import Campaigns

    return Campaigns(from_environment(), open_store(bucket, endpoint_url))


def _standing(campaigns: Campaigns, campaign: str) -> Standing:
    from tieout.flows.campaign_standing import standing_of

    return standing_of(campaigns, campaigns.named(campaign), _now())


@review.command("list")
@bucket_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(bucket: str | None, endpoint_url: str | None, *, as_json: bool) -> None:
    """List the campaigns that were opened, the latest first. Exit code 1 while one is overdue."""
    from tieout.flows.campaign_standing import standing_of

    campaigns, now = _campaigns(bucket, endpoint_url), _now()
    found = [standing_of(campaigns, opened, now) for opened in campaigns.find().values()]
    if as_json:
        documents = [each.as_document() for each in found]
        click.echo(json.dumps({"campaigns": [{name: each[name] for name in _LISTED} for each in documents]}, indent=1))
    else:
        for each in found:
            click.echo(printable(one_line(each.as_document())))
        click.echo(f"{len(found)} campaigns, {sum(each.is_overdue for each in found)} overdue", err=True)
    sys.exit(1 if any(each.is_overdue for each in found) else 0)


@review.command()
@bucket_options
@click.argument("campaign")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(bucket: str | None, endpoint_url: str | None, campaign: str, *, as_json: bool) -> None:
    """Show where CAMPAIGN stands: who has what open, who stands in for whom, and what keeps it from being closed.

    Exit code 1 while it is overdue, or holds a document that can not be read.
    """
    found = _standing(_campaigns(bucket, endpoint_url), campaign)
    said = found.as_document()
    if as_json:
        click.echo(json.dumps(said, indent=1))
    else:
        for line in as_lines(said):
            click.echo(printable(line))
    sys.exit(1 if found.is_overdue or said["unread"] else 0)


def _manager(bucket: str | None, endpoint_url: str | None, campaign: str, by: str) -> Manager:
    from tieout.flows.campaign_manager import manager

    campaigns = _campaigns(bucket, endpoint_url)
    return manager(_standing(campaigns, campaign), campaigns, _person(by), _now)


def _person(text: str) -> str:
    """Return the person that somebody names: an address stands for a person id where these are on."""
    from tieout.flows.campaign_people import person_of

    return person_of(from_environment())(text) if "@" in text else text.strip()


def _midnight(day: datetime) -> datetime:
    from tieout.criteria.scope import load_scope

    return load_scope(from_environment().scope_file).calendar.midnight(day.date())


def _say_stored(key: str, *, stored_now: bool) -> None:
    click.echo(f"{'recorded' if stored_now else 'stands already'}: {key}")


@review.command()
@bucket_options
@click.argument("campaign")
@click.argument("assignment")
@click.option("--to", required=True, help=f"Whose they are from now on. {_PERSON}")
@click.option("--item", "items", multiple=True, help="Id of an item; default: all that are open.")
@_REASON
@_BY
def reassign(
    bucket: str | None,
    endpoint_url: str | None,
    campaign: str,
    assignment: str,
    to: str,
    items: tuple[str, ...],
    reason: str,
    by: str,
) -> None:
    """Give the open items of an ASSIGNMENT of CAMPAIGN to somebody else, as who holds them or as a manager of the program.

    Nobody gets what is about himself. It takes the key of TIEOUT_RESPONSE_KEY, and an identity that may put responses.
    """
    from tieout.evidence.keys import load_signer

    who, signer = _manager(bucket, endpoint_url, campaign, by), load_signer(from_environment().response_key)
    stored = who.reassign(signer, assignment, _person(to), items or None, reason)
    _say_stored(stored.key, stored_now=stored.stored_now)


@review.command()
@bucket_options
@click.argument("campaign")
@click.argument("person")
@click.option("--stand-in", required=True, help=f"Who answers in the person's place. {_PERSON}")
@click.option("--from", "first", type=_DAY, help="First day; default: from now on.")
@click.option("--until", "last", type=_DAY, required=True, help="Last day.")
@click.option("--assignment", "assignments", multiple=True, help="Only in this assignment; default: in all.")
@_REASON
@_BY
def cover(
    bucket: str | None,
    endpoint_url: str | None,
    campaign: str,
    person: str,
    stand_in: str,
    first: datetime | None,
    last: datetime,
    assignments: tuple[str, ...],
    reason: str,
    by: str,
) -> None:
    """Have somebody answer in the place of PERSON in CAMPAIGN, as that person or as a manager of the program.

    It takes the key of TIEOUT_RESPONSE_KEY, and an identity that may put responses.
    """
    from tieout.evidence.keys import load_signer

    who, signer = _manager(bucket, endpoint_url, campaign, by), load_signer(from_environment().response_key)
    between = (_midnight(first) if first else _now(), _midnight(last + timedelta(days=1)))
    stored = who.cover(signer, _person(person), _person(stand_in), between, assignments or None, reason)
    _say_stored(stored.key, stored_now=stored.stored_now)


@review.command()
@bucket_options
@click.argument("campaign")
@click.argument("cover_id", metavar="COVER")
@_REASON
@_BY
def withdraw(bucket: str | None, endpoint_url: str | None, campaign: str, cover_id: str, reason: str, by: str) -> None:
    """End a COVER of CAMPAIGN, by its id as `tieout review status` shows it.

    It takes the key of TIEOUT_RESPONSE_KEY, and an identity that may put responses.
    """
    from tieout.evidence.keys import load_signer

    signer = load_signer(from_environment().response_key)
    stored = _manager(bucket, endpoint_url, campaign, by).withdraw(signer, cover_id, reason)
    _say_stored(stored.key, stored_now=stored.stored_now)


@review.command()
@bucket_options
@click.argument("campaign")
@click.argument("person")
@_REASON
@click.option("--by", default=getpass.getuser, show_default="your login name", help="Who says so; it stays.")
def left(bucket: str | None, endpoint_url: str | None, campaign: str, person: str, reason: str, by: str) -> None:
    """Record that PERSON, who is asked in CAMPAIGN, has left: nothing they say counts any more, and what they have open goes on.

    Who can not be reached in Slack is found without it. It takes the key of TIEOUT_LANDING_KEY, and an identity that may put
    records.
    """
    from tieout.evidence.keys import load_signer

    signer = load_signer(from_environment().landing_key)
    written = _manager(bucket, endpoint_url, campaign, by).left(signer, _person(person), reason)
    _say_stored(written.key, stored_now=written.written_now)


@review.command()
@bucket_options
@click.argument("campaign")
@_REASON
@click.option("--by", default=getpass.getuser, show_default="your login name", help="Who cancels it; it stays.")
def cancel(bucket: str | None, endpoint_url: str | None, campaign: str, reason: str, by: str) -> None:
    """Cancel CAMPAIGN: nothing counts in it from now on, and it is not opened again.

    What was said stays. It takes the key of TIEOUT_LANDING_KEY, and an identity that may put records.
    """
    from tieout.evidence.keys import load_signer

    signer = load_signer(from_environment().landing_key)
    written = _manager(bucket, endpoint_url, campaign, by).cancel(signer, reason)
    _say_stored(written.key, stored_now=written.written_now)
