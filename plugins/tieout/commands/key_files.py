# SPDX-License-Identifier: Apache-2.0
"""What the commands of `tieout.commands.keys` share: keys by URI, and an edition or a request for one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tieout.commands.common import open_store, printable
from tieout.errors import ConfigurationError

if TYPE_CHECKING:
    from tieout.evidence.key_ceremony import Change, Request
    from tieout.evidence.keys import DocumentSigner


def check_choice(root: str | None, *, unsigned: bool) -> None:
    """Check that exactly one of ``--root`` and ``--unsigned`` is given.

    Raises:
        click.UsageError: Both are, or neither.
    """
    if bool(root) == unsigned:
        msg = "expected either --root with the root key, or --unsigned where that key is on another machine."
        raise click.UsageError(msg)


def signer_of(uri: str, *, make: bool = True) -> DocumentSigner:
    """Return the signer of a URI. A key file that is not there is made, unless told otherwise.

    Raises:
        ConfigurationError: The key can not be used or made.
        StoreUnavailable: KMS did not answer.
    """
    from tieout.evidence.keys import generate_key, load_signer

    scheme, _, rest = uri.partition(":")
    if make and scheme == "file2" and rest and "PRIVATE KEY" not in rest and not Path(rest).exists():
        try:
            Path(rest).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            msg = f"{rest}: its folder can not be made ({error.strerror})."
            raise ConfigurationError(msg) from error
        made = generate_key(Path(rest))
        click.echo(printable(f"made {rest}, which only you can read"), err=True)
        return made
    return load_signer(uri)


def public_of(uri: str, *, make: bool = True) -> str:
    """Return the public key of a URI, in PEM form: ``pem:/path`` of a public key, or what `signer_of` takes.

    Raises:
        ConfigurationError: The key can not be used or made, or the file holds no P-256 public key.
        StoreUnavailable: KMS did not answer.
    """
    from tieout.errors import CannotCheck
    from tieout.evidence.keys import public_key

    scheme, _, rest = uri.partition(":")
    if scheme != "pem" or "PRIVATE KEY" in rest:
        return signer_of(uri, make=make).public_pem
    try:
        return str(public_key(Path(rest).read_text(encoding="ascii")).keyval["public"])
    except (OSError, ValueError, CannotCheck) as error:
        msg = f"public key {rest}: expected a PEM file with a P-256 public key (SPKI): {type(error).__name__}."
        raise ConfigurationError(msg) from error


def issue(request: Request, root: DocumentSigner | None) -> tuple[str, bytes]:
    """Return name and bytes of what comes next: the signed edition, or without a root key the request for it.

    Raises:
        ConfigurationError: The change can not be made.
        VerificationError: What the request brings along is not in order.
    """
    from tieout.evidence.key_ceremony import sign
    from tieout.evidence.key_folder import request_name
    from tieout.evidence.key_request import write_request

    if root is None:
        return request_name(len(request.editions) + 1), write_request(request)
    return request.key, sign(request, root, datetime.now(UTC))


def show_request(request: Request) -> None:
    """Print what the root key is asked to sign."""
    from tieout.evidence.key_ceremony import describe

    click.echo("\n".join(printable(line) for line in describe(request)), err=True)


def announce(path: Path, request: Request, root: DocumentSigner | None) -> None:
    """Print what was written and what to do with it. The fingerprint alone goes to standard output."""
    from tieout.evidence.key_ceremony import Rotation

    click.echo(printable(f"wrote {path}"), err=True)
    if root is None:
        click.echo("next: where the root key is, run: tieout keys sign " + printable(path.name), err=True)
        return
    order = ", then move the workers to the new key before the old one ends" if isinstance(request.change, Rotation) else ""
    click.echo(f"next: tieout keys publish{order}. The root key's fingerprint, for auditors:", err=True)
    click.echo(root.keyid)


def next_edition(folder: Path, root: DocumentSigner | None, change: Change, bucket: str | None, endpoint_url: str | None) -> None:
    """Check every edition so far, and write the next one, or the request for it, into the folder.

    Args:
        folder: Holds the editions so far, unless a bucket is given.
        root: The root key; ``None`` writes a request.
        change: A rotation or a revocation; the latter may name its key by the first digits.
        bucket: Where to fetch the editions from first.
        endpoint_url: S3 endpoint, where it is not AWS.

    Raises:
        ConfigurationError: The change can not be made.
        VerificationError: The editions are not in order: the subclass says what it is.
        StoreUnavailable: The store did not answer.
    """
    from tieout.evidence.key_ceremony import Request, Revocation, keyid_of, keys_after
    from tieout.evidence.key_folder import check, editions_of, fetch, stated_root, write
    from tieout.evidence.key_list import check_editions
    from tieout.evidence.sources import Copy

    if bucket:
        fetch(open_store(bucket, endpoint_url), folder)
    editions = editions_of(Copy(folder))
    if not editions:
        check_editions(editions, "")
    current, genesis = check(folder, root.keyid if root else stated_root(editions[0][1]), bucket)
    if isinstance(change, Revocation):
        change = replace(change, keyid=keyid_of(current, change.keyid))
    request = Request(genesis.bucket, datetime.now(UTC), tuple(data for _, data in editions), change)
    keys_after(request, current, request.requested_at)
    show_request(request)
    name, data = issue(request, root)
    announce(write(folder, name, data), request, root)
