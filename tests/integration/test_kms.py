# SPDX-License-Identifier: Apache-2.0
"""A landing signed with a key in KMS is checked with jq and openssl alone; and what each of KMS's refusals means."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from tests.simulators.kms import Kms, running_kms
from tests.unit.evidence.signed_copy import PLACES, land_in
from tieout.errors import ConfigurationError, StoreUnavailable
from tieout.evidence.dsse import IN_TOTO, seal
from tieout.evidence.key_ceremony import Rotation, rotate
from tieout.evidence.key_list import build_key_list, check_key_list
from tieout.evidence.keys import DocumentSigner, ListedKey, Scope, generate_key, load_signer
from tieout.evidence.manifest import check_manifest

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def running() -> Iterator[Kms]:
    with running_kms() as kms:
        yield kms


@pytest.fixture
def kms(running: Kms, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms]:
    """Return KMS, and an environment that names it as an operator would."""
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    yield running
    running.recover()


@pytest.fixture
def arn(kms: Kms) -> str:
    return kms.create_key()


@pytest.fixture
def file_key(tmp_path: Path) -> DocumentSigner:
    return generate_key(tmp_path / "file.pem")


PUBLIC_TOOLS = r"""
jq -r .payload m.dsse.json | openssl base64 -d -A > p
jq -r '.signatures[0].sig' m.dsse.json | openssl base64 -d -A > s
T=application/vnd.in-toto+json
{ printf 'DSSEv1 %d %s %d ' ${#T} $T $(wc -c < p); cat p; } > pae
openssl dgst -sha256 -verify "$PEM" -signature s pae
openssl pkey -pubin -in "$PEM" -outform DER | sha256sum
jq -r '.subject[] | "\(.digest.sha256)  \(.name)"' p | sha256sum -c
"""


@dataclass
class Landing:
    """A landing in a folder laid out like the bucket, its manifest and the public key beside it."""

    folder: Path
    keyid: str

    def check(self) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PEM": "key.pem"}
        command = ["bash", "-euc", PUBLIC_TOOLS]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def landing(kms: Kms, arn: str, tmp_path: Path) -> Landing:
    signer = load_signer(f"awskms:{arn}")
    key = land_in(tmp_path / "copy", PLACES[0], 5, signer, tmp_path / "work")
    (tmp_path / "copy" / "m.dsse.json").write_bytes((tmp_path / "copy" / key).read_bytes())
    (tmp_path / "copy" / "key.pem").write_text(signer.public_pem)
    return Landing(tmp_path / "copy", signer.keyid)


def test_a_landing_signed_with_kms_verifies_with_openssl(landing: Landing) -> None:
    done = landing.check()
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Verified OK"
    assert lines[1].split()[0] == landing.keyid
    assert len(lines) == 5
    assert all(line.endswith(": OK") for line in lines[2:])


def test_openssl_refuses_the_landing_when_a_byte_of_it_changed(landing: Landing) -> None:
    manifest = landing.folder / "m.dsse.json"
    before = manifest.read_text()
    payload = before.split('"payload": "')[1]
    manifest.write_text(before.replace(payload[:8], "e" + payload[1:7] + ("A" if payload[7] != "A" else "B"), 1))
    done = landing.check()
    assert done.returncode != 0
    assert "Verified OK" not in done.stdout


def test_our_own_verifier_takes_it_under_a_list_that_names_the_key(landing: Landing, arn: str, tmp_path: Path) -> None:
    root = generate_key(tmp_path / "root.pem")
    signer = load_signer(f"awskms:{arn}")
    listed = ListedKey(signer.keyid, Scope.LANDING, signer.public_pem, datetime(2026, 7, 1, tzinfo=UTC), None, None)
    key_list = check_key_list(build_key_list(root, [listed], datetime(2026, 7, 1, tzinfo=UTC), "0" * 64), root.keyid)
    path = next((landing.folder / "manifests").rglob("*.dsse.json"))
    key = path.relative_to(landing.folder).as_posix()
    assert check_manifest(path.read_bytes(), key, key_list, None).key == key


def test_a_root_in_kms_signs_key_lists(kms: Kms, arn: str, file_key: DocumentSigner) -> None:
    root = load_signer(f"awskms:{arn}")
    now = datetime(2026, 7, 1, tzinfo=UTC)
    listed = ListedKey(file_key.keyid, Scope.LANDING, file_key.public_pem, now, None, None)
    assert check_key_list(build_key_list(root, [listed], now, "0" * 64), root.keyid).keys == (listed,)


def test_key_id_alias_and_arn_are_the_same_key_and_its_id_is_the_hash_of_its_public_half(kms: Kms, arn: str) -> None:
    kms.client.create_alias(AliasName="alias/tieout-landing", TargetKeyId=arn)
    names = [arn, arn.rsplit("/", 1)[1], "alias/tieout-landing"]
    found = {load_signer(f"awskms:{name}").keyid for name in names}
    assert found == {hashlib.sha256(kms.client.get_public_key(KeyId=arn)["PublicKey"]).hexdigest()}


def test_an_alias_that_moves_does_not_move_a_signer(kms: Kms, arn: str) -> None:
    kms.client.create_alias(AliasName="alias/moves", TargetKeyId=arn)
    signer = load_signer("awskms:alias/moves")
    kms.client.update_alias(AliasName="alias/moves", TargetKeyId=kms.create_key())
    seal({}, IN_TOTO, signer)
    assert load_signer("awskms:alias/moves").keyid != signer.keyid


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        ("ECC_NIST_P384", "SIGN_VERIFY"),
        ("ECC_SECG_P256K1", "SIGN_VERIFY"),
        ("RSA_2048", "SIGN_VERIFY"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
    ],
)
def test_a_key_of_another_kind_is_refused(kms: Kms, spec: str, usage: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"expected a P-256 key .*got {spec}"):
        load_signer(f"awskms:{kms.create_key(spec, usage)}")


def test_a_key_that_is_not_there_is_refused(kms: Kms) -> None:
    with pytest.raises(ConfigurationError, match=r"NotFoundException\). Check its id, the region and the account"):
        load_signer("awskms:arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000")


REFUSED = [
    ("AccessDeniedException", "kms:GetPublicKey and kms:Sign"),
    ("DisabledException", "Enable the key"),
    ("KMSInvalidStateException", "pending deletion"),
    ("InvalidKeyUsageException", "ECC_NIST_P256"),
    ("UnrecognizedClientException", "Check the key"),
]
UNAVAILABLE = [
    ("ThrottlingException", 400),
    ("KMSInternalException", 500),
    ("SomethingNew", 502),
]


@pytest.mark.parametrize("operation", ["GetPublicKey", "Sign"])
@pytest.mark.parametrize(("code", "what_next"), REFUSED)
def test_a_refusal_says_what_to_do_and_is_not_tried_again(kms: Kms, arn: str, operation: str, code: str, what_next: str) -> None:
    signer = load_signer(f"awskms:{arn}")
    kms.fail(operation, code)
    with pytest.raises(ConfigurationError, match=rf"awskms:{arn}: .*{code}\).*{what_next}"):
        seal({}, IN_TOTO, signer if operation == "Sign" else load_signer(f"awskms:{arn}"))


@pytest.mark.parametrize("operation", ["GetPublicKey", "Sign"])
@pytest.mark.parametrize(("code", "status"), UNAVAILABLE)
def test_what_passes_is_worth_another_try(kms: Kms, arn: str, operation: str, code: str, status: int) -> None:
    signer = load_signer(f"awskms:{arn}")
    kms.fail(operation, code, status)
    with pytest.raises(StoreUnavailable, match=code):
        seal({}, IN_TOTO, signer if operation == "Sign" else load_signer(f"awskms:{arn}"))
    kms.recover()
    seal({}, IN_TOTO, load_signer(f"awskms:{arn}"))


def test_nothing_that_answers_is_worth_another_try(kms: Kms, arn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
    with pytest.raises(StoreUnavailable, match="EndpointConnectionError"):
        load_signer(f"awskms:{arn}")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AWS_DEFAULT_REGION", None, "NoRegionError.*AWS_DEFAULT_REGION"),
        ("AWS_ACCESS_KEY_ID", None, "CredentialsError"),
        ("AWS_ENDPOINT_URL_KMS", "no url", "AWS_ENDPOINT_URL_KMS"),
    ],
)
def test_an_incomplete_environment_is_named(
    kms: Kms, arn: str, monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None, said: str
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it remembers credentials
    monkeypatch.delenv(variable)
    if value is not None:
        monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=said):
        load_signer(f"awskms:{arn}")


def test_a_signature_that_does_not_verify_is_not_handed_out(kms: Kms, arn: str) -> None:
    from moto.kms.models import kms_backends

    signer = load_signer(f"awskms:{arn}")
    backend = kms_backends["123456789012"]["us-east-1"]
    backend.keys[arn.rsplit("/", 1)[1]].private_key = backend.keys[kms.create_key().rsplit("/", 1)[1]].private_key
    with pytest.raises(ConfigurationError, match="does not verify under its own public key"):
        seal({}, IN_TOTO, signer)


def test_rotation_to_kms_leaves_the_file_key_valid_for_the_overlap(
    kms: Kms, arn: str, file_key: DocumentSigner, tmp_path: Path
) -> None:
    root = generate_key(tmp_path / "root.pem")
    now = datetime(2026, 7, 1, tzinfo=UTC)
    listed = ListedKey(file_key.keyid, Scope.LANDING, file_key.public_pem, now, None, None)
    current = check_key_list(build_key_list(root, [listed], now, "0" * 64), root.keyid)
    signer = load_signer(f"awskms:{arn}")
    rotation = Rotation(Scope.LANDING, signer.public_pem, timedelta(days=7))
    old, new = rotate(current, rotation, now + timedelta(days=30))
    assert (old.keyid, old.valid_to) == (file_key.keyid, now + timedelta(days=37))
    assert (new.keyid, new.valid_from, new.valid_to) == (signer.keyid, now + timedelta(days=30), None)
