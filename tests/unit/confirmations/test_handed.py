# SPDX-License-Identifier: Apache-2.0
"""What was handed in is one document under one hash; what is not that is not read."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from tieout.confirmations.filled import Filled
from tieout.confirmations.handed import handed_document, handed_file, read_handed
from tieout.confirmations.uploads import Upload
from tieout.errors import CannotCheck
from tieout.evidence.responses import FileVersion

UPLOAD = Upload("Protokoll \u00e4.pdf", "pdf", "application/pdf", 10, "a" * 64, Path("x"))
FILE = handed_file("proof", UPLOAD, "responses/file", FileVersion("a" * 64, "v1"))
FILLED = Filled({"when": "2026-03-05"}, date(2026, 3, 5), ((date(2026, 1, 1), date(2026, 1, 31)),))
DOCUMENT = handed_document({"text": "Restore test", "html": "<p>"}, "f" * 64, FILLED, [FILE])


def read(document: Any, sha256: str = "") -> Any:
    data = document if isinstance(document, bytes) else rfc8785.dumps(document)
    return read_handed(data, sha256 or hashlib.sha256(data).hexdigest(), "key")


def test_it_is_read_back_with_form_answers_files_and_what_was_shown() -> None:
    found = read(DOCUMENT)
    assert (found.form_sha256, found.files, found.text) == ("f" * 64, (FILE,), "Restore test")
    assert found.filled["values"] == {"when": "2026-03-05"}
    assert found.filled["uncovered"] == [["2026-01-01", "2026-01-31"]]
    assert DOCUMENT["html"] == "<p>"


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", {"text": "x"}, DOCUMENT | {"handed_in": {**DOCUMENT["handed_in"], "version": 2}},
     DOCUMENT | {"handed_in": {**DOCUMENT["handed_in"], "files": [{"name": "x"}]}}],
    ids=range(5),
)  # fmt: skip
def test_what_is_malformed_or_of_a_later_release_can_not_be_checked(document: Any) -> None:
    with pytest.raises(CannotCheck, match="malformed, or of a later release"):
        read(document)


def test_another_document_than_was_named_can_not_be_checked() -> None:
    changed = json.loads(rfc8785.dumps(DOCUMENT)) | {"text": "other"}
    with pytest.raises(CannotCheck, match="expected SHA-256"):
        read(changed, hashlib.sha256(rfc8785.dumps(DOCUMENT)).hexdigest())
