# SPDX-License-Identifier: Apache-2.0
"""``tieout keys``: establish a bucket's keys, rotate and revoke them, with a root key that may never see a network.

Everything but ``publish``, and what is told to read a bucket, works on files. Where the root key is on another machine,
``--unsigned`` writes a request instead of a key list; ``tieout keys sign`` turns it into one over there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from tieout.commands.common import bucket_options, open_store, printable
from tieout.commands.key_files import announce, check_choice, issue, next_edition, public_of, show_request, signer_of
from tieout.settings import from_environment

F = TypeVar("F", bound=Callable[..., Any])
_PATH = click.Path(path_type=Path)
_URI = "file2:/path/key.pem (made, mode 0600, if it is not there) or awskms:<key id, alias/... or ARN>"
_PUBLIC = f"{_URI}; or pem:/path/public.pem where only the public half is here"
_FOLDER = "Folder to work in, laid out like the bucket."
_FINGERPRINT = "The root key's fingerprint: SHA-256 of its public key, as auditors get it."


def _signing_options(command: F) -> F:
    """Add ``--folder`` and the choice between the root key and a request to whoever holds it."""
    unsigned = click.option("--unsigned", is_flag=True, help="Write a request for `tieout keys sign` instead of a key list.")
    root = click.option("--root", help="The root key: file2:/path/key.pem or awskms:...")
    folder = click.option("--folder", type=_PATH, required=True, help=_FOLDER)
    return folder(root(unsigned(command)))


def _fetch_options(command: F) -> F:
    """Add ``--bucket`` and ``--endpoint-url`` of a bucket to read first."""
    endpoint = click.option("--endpoint-url", help="S3 endpoint, where it is not AWS; default: AWS_ENDPOINT_URL_S3.")
    bucket = click.option("--bucket", help="Fetch the editions so far from this bucket into the folder first.")
    return bucket(endpoint(command))


@click.group()
def keys() -> None:
    """The keys that sign a bucket's documents, and the list of them that the root key signs."""


@keys.command()
@click.option("--bucket", required=True, help="Name of the bucket; it is signed into the first digest.")
@_signing_options
@click.option("--landing", required=True, help=f"Signs landings and records: {_PUBLIC}.")
@click.option("--response", required=True, help=f"Signs responses: {_PUBLIC}.")
@click.option("--digest", required=True, help=f"Signs digests: {_URI}.")
def init(bucket: str, folder: Path, root: str | None, landing: str, response: str, digest: str, *, unsigned: bool) -> None:
    """Write the first key list, the first digest and the bucket's documentation into a folder."""
    from tieout.errors import ConfigurationError
    from tieout.evidence.bucket import layout_document, readme
    from tieout.evidence.digest import build_genesis
    from tieout.evidence.key_ceremony import First, Request, first_keys
    from tieout.evidence.key_folder import GENESIS, long_retention, write
    from tieout.evidence.keys import Scope
    from tieout.evidence.layout import KEY_LIST, LAYOUT, README

    check_choice(root, unsigned=unsigned)
    for key in (GENESIS, KEY_LIST):  # before any key is made
        if (folder / key).exists():
            msg = f"{folder / key}: this folder was initialised already. Publish it, rotate its keys, or use another folder."
            raise ConfigurationError(msg)
    settings, now = from_environment(), datetime.now(UTC)
    signer = signer_of(digest)
    public = {Scope.LANDING: public_of(landing), Scope.RESPONSE: public_of(response), Scope.DIGEST: signer.public_pem}
    first_keys(public, now)
    retention = long_retention(settings.retention_mode, settings.retention_cap_years, now, settings.sse, settings.sse_key_id)
    genesis = build_genesis(bucket, now, settings.digest_cadence_seconds, retention, signer)
    request, root_signer = Request(bucket, now, (), First(public, genesis)), signer_of(root) if root else None
    name, data = issue(request, root_signer)  # before anything is written: it checks what is about to be
    show_request(request)
    for key, content in ((README, readme()), (LAYOUT, layout_document()), (GENESIS, genesis)):
        write(folder, key, content)
    announce(write(folder, name, data), request, root_signer)


@keys.command()
@click.argument("scope", type=click.Choice(["landing", "response", "digest"]))
@click.option("--key", required=True, help=f"The new key: {_PUBLIC}.")
@click.option("--overlap-days", type=click.FloatRange(0, 366), default=7, show_default=True, help="How long the old one goes on.")
@_signing_options
@_fetch_options
def rotate(
    scope: str,
    key: str,
    overlap_days: float,
    folder: Path,
    root: str | None,
    bucket: str | None,
    endpoint_url: str | None,
    *,
    unsigned: bool,
) -> None:
    """Give a scope another key. The old one stays valid for the overlap: publish, then move the workers to the new key."""
    from tieout.evidence.key_ceremony import Rotation
    from tieout.evidence.keys import Scope

    check_choice(root, unsigned=unsigned)
    signer = signer_of(root, make=False) if root else None
    change = Rotation(Scope(scope), public_of(key), timedelta(days=overlap_days))
    next_edition(folder, signer, change, bucket, endpoint_url)


@keys.command()
@click.argument("keyid")
@click.option("--reason", required=True, help="Why. It is shown to the holder of the root key; no list keeps it.")
@click.option("--at", "at_text", help="From when on it is not believed: 2026-03-05T14:30:00Z. Default: now.")
@_signing_options
@_fetch_options
def revoke(
    keyid: str,
    reason: str,
    at_text: str | None,
    folder: Path,
    root: str | None,
    bucket: str | None,
    endpoint_url: str | None,
    *,
    unsigned: bool,
) -> None:
    """End a key, by its id or the first digits of it. What it signed from --at on is tampered from then on."""
    from tieout.evidence.key_ceremony import Revocation
    from tieout.times import parse_instant

    check_choice(root, unsigned=unsigned)
    signer = signer_of(root, make=False) if root else None
    try:
        at = parse_instant(at_text) if at_text else datetime.now(UTC)
    except ValueError as error:
        raise click.UsageError(f"--at: {error}.") from error
    next_edition(folder, signer, Revocation(keyid, at, reason), bucket, endpoint_url)


@keys.command("sign")
@click.argument("request", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--root", required=True, help=f"The root key: {_URI}.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def sign_request(request: Path, root: str, *, yes: bool) -> None:
    """Turn a request into a signed edition, in keys/ beside it. It needs neither a bucket nor a network.

    It shows what it would sign and asks. Carry keys/ back into the folder that the request came from, and publish that.
    """
    from tieout.evidence.key_folder import write
    from tieout.evidence.key_request import read_request

    wanted = read_request(request.read_bytes())
    show_request(wanted)
    if not yes:
        click.confirm("Sign this?", abort=True, err=True)
    signer = signer_of(root, make=not wanted.editions)
    name, data = issue(wanted, signer)
    announce(write(request.parent, name, data), wanted, signer)


@keys.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--root", required=True, help=_FINGERPRINT)
@bucket_options
def publish(folder: Path, root: str, bucket: str | None, endpoint_url: str | None) -> None:
    """Check a folder, and put its key lists, first digest and documentation into the bucket, locked.

    Run again, it adds what is not there yet and changes nothing. It takes an identity that may put under keys/, README.md,
    LAYOUT.json and the first digest, and no signing key.
    """
    from tieout.evidence.key_folder import long_retention
    from tieout.evidence.key_folder import publish as run

    settings, now = from_environment(), datetime.now(UTC)
    store = open_store(bucket, endpoint_url)
    retention = long_retention(settings.retention_mode, settings.retention_cap_years, now, settings.sse, settings.sse_key_id)
    for published in run(folder, store, root, retention):
        click.echo(printable(f"s3://{store.bucket}/{published.key}  version {published.version_id}"))


@keys.command()
@click.option("--folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Read this folder, not a bucket.")
@click.option("--root", help=_FINGERPRINT)
@bucket_options
def show(folder: Path | None, root: str | None, bucket: str | None, endpoint_url: str | None) -> None:
    """Print every key of the newest edition, with its scope and its times."""
    from tieout.evidence.key_folder import editions_of, stated_root
    from tieout.evidence.key_list import check_editions
    from tieout.evidence.sources import Bucket, Copy
    from tieout.times import instant

    editions = editions_of(Copy(folder) if folder else Bucket(open_store(bucket, endpoint_url)))
    current = check_editions(editions, root or stated_root(editions[0][1]) if editions else "")
    note = "" if root else "  as the list itself says: compare it with the one from outside"
    click.echo(f"root      {current.root_fingerprint}{note}")
    click.echo(f"edition   {current.edition}, issued {instant(current.issued_at)}")
    for key in current.keys:
        ends = [f"until {instant(key.valid_to)}"] if key.valid_to else []
        ends += [f"revoked {instant(key.revoked_at)}"] if key.revoked_at else []
        click.echo("  ".join([f"{key.scope:<8}  {key.keyid}", f"from {instant(key.valid_from)}", *ends]))


@keys.command()
@click.argument("key")
def fingerprint(key: str) -> None:
    """Print the fingerprint of a key: file2:/path/key.pem, awskms:... or pem:/path/public.pem."""
    from tieout.evidence.key_ceremony import fingerprint as of

    click.echo(of(public_of(key, make=False)))
