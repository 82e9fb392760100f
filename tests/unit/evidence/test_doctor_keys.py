# SPDX-License-Identifier: Apache-2.0
"""What makes a key weaker: its kind, who uses it, who administers it, where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.evidence.doctor_facts import ACCOUNT, DENIED, FACTS, ROLE, TARGET, TO_BREAK_GLASS, by_name, deny, policy

from tieout.evidence.doctor import Check, Outcome
from tieout.evidence.doctor.facts import KeyFacts
from tieout.evidence.doctor.keys import check_encryption_key, check_identity_key, check_key_files, check_root, check_signing_key
from tieout.evidence.doctor.reach import key_files, reachable_files
from tieout.evidence.doctor.target import WRITER
from tieout.evidence.keys import generate_key

ADMINISTRATION = {
    "Effect": "Allow",
    "Principal": {"AWS": f"{ACCOUNT}:root"},
    "Action": ["kms:PutKeyPolicy", "kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:DescribeKey"],
    "Resource": "*",
}
USE = {
    "Effect": "Allow",
    "Principal": {"AWS": ROLE["digest"]},
    "Action": "kms:Sign",
    "Resource": "*",
    "Condition": {"StringEquals": {"kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "ECDSA_SHA_256"}},
}
END = deny(["kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy", "kms:CreateGrant"], "*", TO_BREAK_GLASS)
SIGNING = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "KeyState": "Enabled"}
DEFAULT_KEY_POLICY = policy({"Effect": "Allow", "Principal": {"AWS": f"{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"})


def signing(*statements: Mapping[str, Any], **metadata: str) -> dict[str, Check]:
    return by_name(check_signing_key("digest", KeyFacts(metadata={**SIGNING, **metadata}, policy=policy(*statements)), TARGET))


def test_a_signing_key_whose_use_and_administration_are_apart_is_as_expected() -> None:
    checks = signing(ADMINISTRATION, USE, END)
    assert {check.outcome for check in checks.values()} == {Outcome.AS_EXPECTED}
    assert checks["digest key: use"].found == "digest"


@pytest.mark.parametrize(
    ("weaker", "names"),
    [
        ([ADMINISTRATION, {**USE, "Condition": {}}, END], {"use"}),
        ([ADMINISTRATION, {**USE, "Principal": {"AWS": [ROLE["digest"], ROLE[WRITER]]}}, END], {"use"}),
        ([ADMINISTRATION, {**USE, "Principal": "*"}, END], {"use", "apart"}),
        ([ADMINISTRATION, {**USE, "Principal": {"AWS": f"{ACCOUNT}:root"}}, END], {"use", "apart"}),
        ([ADMINISTRATION, {**USE, "Action": "kms:*", "Condition": {}}, END], {"use", "apart"}),
        ([ADMINISTRATION, USE], {"end"}),
        ([ADMINISTRATION, USE, {**END, "Action": END["Action"][:2]}], {"end"}),
        ([ADMINISTRATION, USE, {**END, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": ROLE[WRITER]}}}], {"end"}),
    ],
)
def test_what_makes_a_signing_key_weaker(weaker: list[Mapping[str, Any]], names: set[str]) -> None:
    checks = signing(*weaker)
    assert {check.name.removeprefix("digest key: ") for check in checks.values() if check.outcome is Outcome.WEAKER} == names


@pytest.mark.parametrize(
    "metadata",
    [{"KeyState": "PendingDeletion"}, {"KeyState": "Disabled"}, {"KeySpec": "RSA_2048"}, {"KeyUsage": "GENERATE_VERIFY_MAC"}],
)
def test_a_signing_key_of_another_kind_or_state_is_weaker(metadata: dict[str, str]) -> None:
    check = signing(ADMINISTRATION, USE, END, **metadata)["digest key: kind"]
    assert check.outcome is Outcome.WEAKER
    assert next(iter(metadata.values())) in check.found


def test_the_policy_that_kms_gives_a_key_by_default_is_weaker_in_every_way() -> None:
    facts = KeyFacts(metadata=SIGNING, policy=DEFAULT_KEY_POLICY)
    names = {check.name for check in check_signing_key("digest", facts, TARGET) if check.outcome is Outcome.WEAKER}
    assert names == {"digest key: use", "digest key: apart", "digest key: end"}
    encryption = by_name(check_encryption_key(replace(facts, metadata={}), TARGET))
    assert {check.outcome for check in encryption.values()} == {Outcome.WEAKER}


def test_the_identity_key_has_to_be_destroyable() -> None:
    assert check_identity_key(KeyFacts(policy=policy(ADMINISTRATION)), TARGET)[0].outcome is Outcome.AS_EXPECTED
    assert check_identity_key(KeyFacts(policy=policy(ADMINISTRATION, END)), TARGET)[0].outcome is Outcome.WEAKER


def test_a_key_that_may_not_be_seen_can_not_be_checked() -> None:
    checks = check_signing_key("landing", KeyFacts(metadata=DENIED, policy=DENIED), TARGET)
    assert {(check.outcome, check.found) for check in checks} == {(Outcome.CANNOT_CHECK, "AccessDenied")}


def test_key_files_are_private_or_mounted_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieout.evidence.doctor.reach.SECRETS", tmp_path / "secrets")
    (tmp_path / "secrets").mkdir()
    modes = {"a.pem": 0o600, "b.pem": 0o640, "secrets/c.pem": 0o444}
    for name, mode in modes.items():
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    values = {name: f"file2:{tmp_path / name}" for name in [*modes, "absent.pem"]}
    values |= {"kms": "awskms:alias/x", "unset": "", "pasted": "file2:-----BEGIN PRIVATE KEY-----"}
    checks = by_name(check_key_files(key_files(values)))
    outcomes = {name.removeprefix("settings: "): check.outcome for name, check in checks.items()}
    expected, weaker, unseen = Outcome.AS_EXPECTED, Outcome.WEAKER, Outcome.CANNOT_CHECK
    assert outcomes == {"a.pem": expected, "b.pem": weaker, "secrets/c.pem": expected, "absent.pem": unseen}
    assert checks["settings: b.pem"].found.endswith(": 0640")


def test_a_root_key_beside_the_others_is_found(tmp_path: Path) -> None:
    landing, root = (generate_key(tmp_path / f"{name}.pem") for name in ("landing", "root"))
    (tmp_path / "notes.pem").write_text("no key")
    found = reachable_files(key_files({"TIEOUT_LANDING_KEY": f"file2:{tmp_path / 'landing.pem'}"}))
    assert set(found) == {landing.keyid, root.keyid}
    facts = replace(FACTS, reachable=found, root=root.keyid)
    assert check_root(facts).outcome is Outcome.WEAKER
    assert "root.pem" in check_root(facts).found
    offline = {keyid: place for keyid, place in found.items() if keyid != root.keyid}
    assert check_root(replace(facts, reachable=offline)).outcome is Outcome.AS_EXPECTED
    assert check_root(replace(facts, reachable={})).outcome is Outcome.CANNOT_CHECK
    assert check_root(replace(facts, root=DENIED)).outcome is Outcome.CANNOT_CHECK
