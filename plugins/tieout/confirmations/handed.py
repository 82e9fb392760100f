# SPDX-License-Identifier: Apache-2.0
"""What was handed in, as one document: the form as it was shown, and what was filled in, field by field, with every file.

It is what a response names as presented, so that one hash stands for all of it. It is locked beside the files and before the
response. Names of files are in it and nowhere else: they are personal data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tieout.confirmations.filled import Filled
from tieout.confirmations.uploads import Upload
from tieout.errors import CannotCheck
from tieout.evidence.responses import FileVersion

VERSION = 1
_FILE = ("field", "name", "kind", "media_type", "bytes", "sha256", "key", "version_id")


@dataclass(frozen=True, slots=True)
class HandedFile:
    """A file that was handed in: for which field, what it is, and where it is locked."""

    field: str
    name: str
    kind: str
    media_type: str
    bytes: int
    sha256: str
    key: str
    version_id: str


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What was handed in.

    Attributes:
        form_sha256: Of the form as it was asked.
        filled: As `Filled.as_document` returns it.
        files: In the form's order.
        text: What the person was shown, a line for each paragraph.
    """

    form_sha256: str
    filled: Mapping[str, Any]
    files: tuple[HandedFile, ...]
    text: str = ""


def handed_file(field: str, upload: Upload, key: str, kept: FileVersion) -> HandedFile:
    """Return a file that was checked and locked."""
    return HandedFile(field, upload.name, upload.kind, upload.media_type, upload.bytes, kept.sha256, key, kept.version_id)


def handed_document(shown: Mapping[str, Any], form_sha256: str, filled: Filled, files: Sequence[HandedFile]) -> dict[str, Any]:
    """Return the document as JSON values.

    Args:
        shown: The form as it was shown: its HTML and text, with ids of people and no names.
        form_sha256: Of the form as it was asked.
        filled: What was filled in.
        files: Its files, in the form's order.
    """
    listed = [{name: getattr(each, name) for name in _FILE} for each in files]
    said = {"version": VERSION, "form_sha256": form_sha256, "filled": filled.as_document(), "files": listed}
    return {**shown, "handed_in": said}


def read_handed(data: bytes, sha256: str, what: str) -> HandedIn:
    """Return what was handed in.

    Args:
        data: The document's bytes.
        sha256: The hash that the response names.
        what: What an error calls it: its key.

    Raises:
        CannotCheck: It is another document, malformed, or of a later release.
    """
    if (found := hashlib.sha256(data).hexdigest()) != sha256:
        msg = f"{what}: expected SHA-256 {sha256}, got {found}. Run tieout verify."
        raise CannotCheck(msg)
    try:
        document = json.loads(data)
        said = document["handed_in"]
        if said["version"] != VERSION:
            raise ValueError(said["version"])
        files = tuple(HandedFile(**{name: each[name] for name in _FILE}) for each in said["files"])
        return HandedIn(said["form_sha256"], dict(said["filled"]), files, str(document.get("text", "")))
    except (KeyError, TypeError, ValueError) as error:
        msg = f"{what}: expected what was handed in: malformed, or of a later release ({type(error).__name__})."
        raise CannotCheck(msg) from None
