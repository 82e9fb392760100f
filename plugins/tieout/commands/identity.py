# SPDX-License-Identifier: Apache-2.0
"""``tieout identity``: whom a person id stands for, and how that is forgotten."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tieout.addresses import find
from tieout.commands.common import open_store
from tieout.errors import ConfigurationError
from tieout.persons import PERSON_ID, load_person_key
from tieout.settings import Settings, from_environment

if TYPE_CHECKING:
    from tieout.evidence.identities import IdentityTable

_endpoint = click.option("--endpoint-url", help="S3 endpoint, where it is not AWS; default: AWS_ENDPOINT_URL_S3.")


@click.group()
def identity() -> None:
    """The identity table: whose e-mail address a person id of the evidence stands for.

    Credentials come from the AWS chain. Erasing takes an identity that may delete versions in TIEOUT_IDENTITY_BUCKET.
    """


@identity.command()
@click.argument("person_id")
@_endpoint
def resolve(person_id: str, endpoint_url: str | None) -> None:
    """Print whom PERSON_ID stands for."""
    from tieout.evidence.identities import Erasure

    found = _table(from_environment(), endpoint_url).resolve(person_id)
    if found is None:
        msg = f"{person_id}: the identity table does not know it: it expired, or another installation's key made it."
        raise ConfigurationError(msg)
    if isinstance(found, Erasure):
        msg = f"{person_id}: erased {found.erased_at} by {found.erased_by}: {found.reason}. It no longer resolves."
        raise ConfigurationError(msg)
    click.echo(json.dumps(asdict(found), indent=1, ensure_ascii=False))


@identity.command()
@click.argument("person_id_or_email")
@click.option("--reason", required=True, help="Why, without naming the person: it stays.")
@click.option("--by", default=getpass.getuser, show_default="your login name", help="Who erases; it stays too.")
@_endpoint
def erase(person_id_or_email: str, reason: str, by: str, endpoint_url: str | None) -> None:
    """Erase the entry of a person for good.

    Evidence is not touched: it holds the id, which stays and no longer resolves. A later extraction does not enter it again.
    """
    settings = from_environment()
    if not reason.strip():
        msg = "--reason: expected a reason, got an empty one."
        raise ConfigurationError(msg)
    if any(True for _ in find(f"{reason} {by}".encode())):
        msg = "--reason, --by: an e-mail address stands in it, and both stay when the entry is gone. Say it without one."
        raise ConfigurationError(msg)
    person = person_id_or_email
    if not PERSON_ID.fullmatch(person):
        person = _person(settings, person_id_or_email)
    deleted = _table(settings, endpoint_url).erase(person, by, reason, datetime.now(UTC))
    if not deleted:
        click.echo(f"{person}: the identity table held no entry, so nothing was deleted. It will not be entered from now on.")
        return
    click.echo(f"{person}: erased ({deleted} versions deleted). It no longer resolves, and will not be entered again.")


def _person(settings: Settings, address: str) -> str:
    """Return the id of an address; the message for a text that is none does not show it."""
    whole = [(0, len(address.encode()))]
    if [(start, end) for start, end, _ in find(address.encode())] != whole:
        msg = "expected a person id (person- and 20 hexadecimal digits) or an e-mail address, got something else."
        raise ConfigurationError(msg)
    return load_person_key(settings.identity_key).person(address)


def _table(settings: Settings, endpoint_url: str | None) -> IdentityTable:
    from tieout.evidence.identities import IdentityTable

    return IdentityTable.beside(open_store(None, endpoint_url), settings)
