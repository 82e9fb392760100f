# SPDX-License-Identifier: Apache-2.0
"""Person ids: what stands in locked evidence where a source gives an e-mail address.

A person id is ``person-`` and the first 20 hexadecimal digits of HMAC-SHA256 under a key, over the address in lower case. The
same address gives the same id for as long as the key is the same. A keyed hash is a pseudonym, not anonymity: who has the key
can tell which id an address has, and what a person did stands beside the id. So can, without the key, who guesses all that was
taken out of a page: its hash as received stands in the record, and a page about one person is soon guessed.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from tieout.errors import ConfigurationError

PERSON_ID = re.compile(r"person-[0-9a-f]{20}")
KEY_BYTES = 32
SECRETS = Path("/run/secrets")
"""Where container runtimes mount secrets, with the mode that the file has on the host: who is in the container is the limit."""
_NEXT = f"Set TIEOUT_IDENTITY_KEY to file:/path of a file that holds {KEY_BYTES} random bytes and that only its owner can read."


@dataclass(frozen=True, slots=True)
class PersonKey:
    """The key of the person ids. It shows itself nowhere."""

    secret: bytes = field(repr=False)

    def person(self, address: str) -> str:
        """Return the id of the person with an e-mail address; upper and lower case make no difference."""
        return f"person-{hmac.digest(self.secret, normalised(address).encode(), 'sha256').hex()[:20]}"


def normalised(address: str) -> str:
    """Return an address in the form that its id is computed from: no spaces around it, composed (NFC), lower case.

    Mail servers may tell local parts apart by case (RFC 5321, section 2.4); none does that would let two people share one.
    """
    return unicodedata.normalize("NFC", address.strip()).lower()


def load_person_key(uri: str) -> PersonKey:
    """Return the key of ``file:/path``.

    Raises:
        ConfigurationError: Another scheme, no such file, one that others can read, or not `KEY_BYTES` bytes. The message
            never holds key material.
    """
    scheme, _, rest = uri.partition(":")
    if scheme != "file" or not rest.startswith("/"):  # not shown: people paste the key where its path belongs
        msg = f"identity key: expected file:/path, got something else. {_NEXT}"
        raise ConfigurationError(msg)
    try:
        with Path(rest).open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            secret = file.read(KEY_BYTES + 1)
    except OSError as error:
        msg = f"identity key {rest}: cannot be read: {error.strerror}. {_NEXT}"
        raise ConfigurationError(msg) from error
    if mode & 0o077 and not Path(rest).resolve().is_relative_to(SECRETS.resolve()):
        msg = f"identity key {rest}: expected a file that only its owner can read, got mode {mode:o}. Run chmod 600 on it."
        raise ConfigurationError(msg)
    if len(secret) != KEY_BYTES:
        got = f"{len(secret)}" if len(secret) < KEY_BYTES else "more"
        msg = f"identity key {rest}: expected {KEY_BYTES} bytes, got {got}. Make one: head -c {KEY_BYTES} /dev/urandom."
        raise ConfigurationError(msg)
    return PersonKey(secret)


def create_person_key(path: Path) -> None:
    """Create a key in a file that only its owner can read.

    Raises:
        FileExistsError: A key stands there: with another one, every id would be another.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
