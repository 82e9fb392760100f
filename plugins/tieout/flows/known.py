# SPDX-License-Identifier: Apache-2.0
"""Management's signed list of what it knows of a period, written to files: the list in a DSSE envelope, and a page to read.

Nothing is stored in the bucket: it is management's own, and goes with its assertion and its representation letter.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from tieout.audit.known_page import known_page
from tieout.audit.management_page import as_html, as_text
from tieout.errors import CannotCheck, ConfigurationError, Tampered
from tieout.evidence import signed
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import digest_key
from tieout.flows.management_reading import Reading
from tieout.flows.trusted import Trusted

SUFFIX = ".dsse.json"


def write_known(reading: Reading, signer: DocumentSigner, by: str, target: Path) -> list[Path]:
    """Sign the list and write it, with a page in HTML and one in text beside it; all of them or none.

    Args:
        reading: What was read of the period.
        signer: A key of scope landing.
        by: Who makes the list: a role or a person id.
        target: The signed file, ``<name>.dsse.json``; the pages are ``<name>.html`` and ``<name>.txt``.

    Returns:
        The files, the signed one first.

    Raises:
        ConfigurationError: The name ends otherwise, a file stands there already, for a signed list is never overwritten, or
            there is no such folder.
        CannotCheck: The list is larger than a verifier reads.
    """
    if not target.name.endswith(SUFFIX) or target.name == SUFFIX:
        raise ConfigurationError(
            f"{target}: expected a name that ends with {SUFFIX}, such as known-{reading.known.period.id}{SUFFIX}."
        )
    if not target.parent.is_dir():
        raise ConfigurationError(f"{target.parent}: there is no such folder. Make it first.")
    stem = target.name.removesuffix(SUFFIX)
    files = [target, target.with_name(f"{stem}.html"), target.with_name(f"{stem}.txt")]
    if there := [str(file) for file in files if file.exists()]:
        raise ConfigurationError(
            f"{', '.join(there)}: stands there already, and a signed list is never overwritten. Choose another name."
        )
    data = signed.sign(signed.KNOWN_LIST, reading.known.as_document(by), target.name, signer)
    page = known_page(reading.known, by, target.name, hashlib.sha256(data).hexdigest())
    contents = (data, as_html(page).encode(), as_text(page).encode())
    with TemporaryDirectory(dir=target.parent, prefix=".tieout-") as work:
        made = [Path(work) / file.name for file in files]
        for path, content in zip(made, contents, strict=True):
            path.write_bytes(content)
        for path, file in zip(made, files, strict=True):
            path.replace(file)
    return files


def check_known(trusted: Trusted, data: bytes, what: str) -> signed.Checked:
    """Check a signed list against a bucket or a copy.

    1. Envelope, schema, key and signature are in order, and the key list allowed the key to sign at the time that it states.
    2. It was made of this bucket.
    3. The chain has the digest as of which it was made.

    Args:
        trusted: Bucket or copy, and what is trusted there.
        data: The file's bytes.
        what: What an error calls it.

    Raises:
        CannotCheck: There is no trust root, the file is malformed, or the digest is not there to be compared.
        Missing: It carries no signature.
        Tampered: Any other step fails.
    """
    if trusted.key_list is None:
        raise CannotCheck(f"{what}: {trusted.findings[0].reason}")
    checked = signed.check(signed.KNOWN_LIST, data, what, trusted.key_list)  # (1)
    said = checked.payload
    if trusted.evidence.bucket is not None and said["bucket"] != trusted.evidence.bucket:  # (2)
        raise Tampered(f"{what}: it was made of bucket {said['bucket']!r}, and this one is {trusted.evidence.bucket!r}.")
    head = said["as_of_digest"]
    key = digest_key(head["sequence"])
    stored = trusted.evidence.read(key, head["version_id"] if trusted.evidence.bucket is not None else None)
    if stored is None:  # (3)
        raise CannotCheck(f"{what}: it was made as of {key}, which is not here.")
    if hashlib.sha256(stored).hexdigest() != head["sha256"]:
        raise Tampered(f"{what}: it was made as of {key} with SHA-256 {head['sha256']}, and that digest is another one here.")
    return checked
