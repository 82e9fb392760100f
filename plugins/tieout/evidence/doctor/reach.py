# SPDX-License-Identifier: Apache-2.0
"""The rim, close by: key files of this machine, the root that the bucket's key list names, and the two clocks."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key, load_pem_private_key

from tieout.errors import TieoutError
from tieout.evidence.doctor.facts import KeyFile
from tieout.evidence.doctor.report import Refusal
from tieout.evidence.dsse import unseal
from tieout.evidence.key_list import PAYLOAD_TYPE
from tieout.evidence.keys import SECRETS, public_key
from tieout.evidence.layout import KEY_LIST

Ask = Callable[..., Any]
_FILES = ("file", "file2")


def key_files(values: Mapping[str, str]) -> list[KeyFile]:
    """Look at the mode of each key file that a setting names; the file is not opened.

    Args:
        values: Value of each key setting by its variable, for example ``file2:/run/secrets/landing.pem``.
    """
    found = []
    for variable, value in sorted(values.items()):
        scheme, _, rest = value.partition(":")
        if scheme not in _FILES or "PRIVATE KEY" in rest:  # not shown: people paste the key where its path belongs
            continue
        path = Path(rest)
        mode: int | Refusal
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            mode = Refusal(type(error).__name__)
        mounted = path.resolve().is_relative_to(SECRETS.resolve())
        found.append(KeyFile(setting=variable, path=rest, mode=mode, is_mounted_secret=mounted))
    return found


def reachable_files(files: Iterable[KeyFile]) -> dict[str, str]:
    """Return the public ids of all private keys that lie in the folders of key files, with their paths."""
    folders = {Path(file.path).parent for file in files}
    found: dict[str, str] = {}
    for path in sorted(path for folder in folders if folder.is_dir() for path in folder.glob("*.pem")):
        try:
            public = load_pem_private_key(path.read_bytes(), password=None).public_key()
            pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
            found[str(public_key(pem).keyid)] = str(path)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm, TieoutError):
            continue  # not readable from here, or not a key that could sign a key list
    return found


def keyid_of(der: bytes) -> str | Refusal:
    """Return the id of a public key in DER form."""
    try:
        pem = load_der_public_key(der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        return str(public_key(pem).keyid)
    except (ValueError, UnsupportedAlgorithm, TieoutError) as error:
        return Refusal(type(error).__name__)


def stated_root(ask: Ask, s3: Any, bucket: str) -> str | Refusal:
    """Return the id of the root key as the bucket's key list states it. Whether that is the right one, `verify` says."""
    answer = ask(s3.get_object, Bucket=bucket, Key=KEY_LIST)
    if isinstance(answer, Refusal):
        return Refusal(f"{KEY_LIST}: {answer.code}")
    try:
        payload = unseal(answer["Body"].read(), PAYLOAD_TYPE, KEY_LIST)[1]
        return str(payload["root"]["keyid"])
    except (TieoutError, KeyError, TypeError) as error:
        return Refusal(f"{KEY_LIST}: {type(error).__name__}")


def clock_offset(ask: Ask, s3: Any, bucket: str, clock: Callable[[], datetime]) -> float | Refusal:
    """Return how many seconds the store's clock, which counts whole ones, is ahead of ours."""
    before = clock()
    answer = ask(s3.get_bucket_versioning, Bucket=bucket)
    after = clock()
    if isinstance(answer, Refusal):
        return answer
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if date is None:
        return Refusal("no Date header")
    middle = before + (after - before) / 2
    return (parsedate_to_datetime(date) - middle).total_seconds()
