# SPDX-License-Identifier: Apache-2.0
"""Files that a response rests on: each has to stand where it was locked, with the bytes that the response names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.evidence.signed_copy import BUCKET, LANDED_AT, RETENTION, SignedCopy, listed
from tests.unit.evidence.test_verify_package import both

from tieout.errors import CannotCheck
from tieout.evidence.keys import Scope
from tieout.evidence.layout import Place
from tieout.evidence.responses import Response, build_response

BYTES = b"%PDF-1.7 a restore log"
SHA256 = hashlib.sha256(BYTES).hexdigest()
FILE = Place("2026-H2", "cc6_1_access", "").file("cc6_1_access.2026-10", "1-a", SHA256)
VERSION = f"version of {FILE}"
"""As the digest of a signed copy names it."""
RESPONSE = Response(
    observation_period="2026-H2",
    control="cc6_1_access",
    campaign="cc6_1_access.2026-10",
    assignment="1-a",
    person="p1",
    answer={"kind": "decided", "files": [{"sha256": SHA256, "version_id": VERSION}]},
    at=LANDED_AT,
)


def answered(copy: SignedCopy, response: Response = RESPONSE) -> None:
    """Put a response with a file into a copy, and let the digest see both."""
    keys = copy.keys
    copy.list_keys(
        [listed(keys.landing, Scope.LANDING), listed(keys.digest, Scope.DIGEST), listed(keys.stranger, Scope.RESPONSE)]
    )
    copy.write(FILE, BYTES)
    copy.write(response.key, build_response(response, BUCKET, RETENTION, keys.stranger))
    copy.digest()


def test_what_a_response_names_is_where_it_says_and_nothing_is_wrong(copy: SignedCopy) -> None:
    answered(copy)
    assert [(each.key, each.sha256, each.version_id) for each in RESPONSE.files] == [(FILE, SHA256, VERSION)]
    assert both(copy) == (("intact", []), ("intact", []))


def test_a_file_that_no_response_names_is_no_finding(copy: SignedCopy) -> None:
    answered(copy)
    copy.write(FILE.replace(SHA256, hashlib.sha256(b"other").hexdigest()), b"other")
    copy.digest()
    assert both(copy) == (("intact", []), ("intact", []))


@pytest.mark.parametrize(
    ("tamper", "outcome"),
    [(lambda copy: copy.path(FILE).unlink(), "missing"), (lambda copy: copy.write(FILE, BYTES + b" "), "tampered")],
    ids=["gone", "changed"],
)
def test_one_that_is_gone_or_changed_is_found_at_the_response_also_before_any_digest(
    copy: SignedCopy, tamper: Callable[[SignedCopy], Any], outcome: str
) -> None:
    answered(copy)
    tamper(copy)
    copy.digest()
    ours, theirs = both(copy)
    assert ours == theirs == (outcome, [(RESPONSE.key, outcome)])


@pytest.mark.parametrize(
    "files",
    [
        "x",
        [1],
        [{"sha256": SHA256}],
        [{"sha256": "../" + SHA256, "version_id": "v"}],
        [{"sha256": SHA256, "version_id": ""}],
        None,
    ],
    ids=range(6),
)
def test_what_is_malformed_can_not_be_checked(copy: SignedCopy, files: Any) -> None:
    odd = replace(RESPONSE, answer={"files": files})
    with pytest.raises(CannotCheck, match="SHA-256 and the version of each file"):
        _ = odd.files
    answered(copy, odd)
    ours, theirs = both(copy)
    assert ours == theirs == ("cannot check", [(odd.key, "cannot check")])
