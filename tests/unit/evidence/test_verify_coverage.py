# SPDX-License-Identifier: Apache-2.0
"""What stands where no manifest accounts for it, and what may differ while everything is intact."""

from __future__ import annotations

import base64
import shutil
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from tests.unit.evidence.signed_copy import LANDED_AT, SignedCopy, listed

from tieout.evidence.keys import Scope
from tieout.evidence.layout import landing_of
from tieout.evidence.manifest import read_manifest
from tieout.evidence.verify import Outcome


@pytest.mark.parametrize("name", ["{landing}-00002.parquet", "{landing}-00000.parquet.bak", "stray.parquet"])
def test_a_part_that_nobody_names_is_missing_its_manifest(copy: SignedCopy, name: str) -> None:
    part = copy.subjects("part")[0]
    extra = part.rpartition("/")[0] + "/" + name.format(landing=landing_of(part))
    shutil.copy(copy.path(part), copy.path(extra))
    report = copy.verify()
    assert (report.outcome, report.intact) == (Outcome.MISSING, 3)
    assert copy.outcome(report, extra).findings[0].reason.startswith(f"{extra}: no manifest names it")


def test_a_manifest_removed_while_its_parts_stay_is_missing(copy: SignedCopy) -> None:
    objects = copy.subjects("part") + copy.subjects("raw")
    copy.path(copy.manifest).unlink()
    report = copy.verify()
    assert (report.outcome, report.intact, len(report.landings)) == (Outcome.MISSING, 2, 2)
    assert [item.key for item in report.others if item.findings] == sorted(objects)


def test_a_landing_copied_into_another_slot_is_tampered_and_the_one_that_stands_stays_intact(copy: SignedCopy) -> None:
    twin = copy.manifest.replace("window=2026-10", "window=2026-09")
    copy.write(twin, copy.path(copy.manifest).read_bytes())
    report = copy.verify()
    assert (report.outcome, report.intact) == (Outcome.TAMPERED, 3)
    assert copy.outcome(report, twin).outcome is Outcome.TAMPERED


def test_a_key_revoked_after_it_signed_leaves_the_landing_intact(copy: SignedCopy) -> None:
    entry = listed(copy.keys.landing, Scope.LANDING, revoked_at=LANDED_AT + timedelta(microseconds=1))
    copy.list_keys([entry, listed(copy.keys.digest, Scope.DIGEST)])
    assert copy.verify().outcome is Outcome.INTACT


def test_a_mirrored_ecdsa_signature_verifies_too_so_whoever_pins_a_manifest_pins_its_whole_envelope(
    copy: SignedCopy,
) -> None:
    before = read_manifest(copy.path(copy.manifest).read_bytes(), copy.manifest).sha256
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = decode_dss_signature(base64.b64decode(copy.envelope()["signatures"][0]["sig"]))
    mirrored = base64.b64encode(encode_dss_signature(r, order - s)).decode()
    copy.write_envelope(lambda envelope: envelope["signatures"][0].update(sig=mirrored))
    assert copy.verify().outcome is Outcome.INTACT
    assert read_manifest(copy.path(copy.manifest).read_bytes(), copy.manifest).sha256 != before
