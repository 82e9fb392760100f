# SPDX-License-Identifier: Apache-2.0
"""Keys: P-256 in a file that only its owner reads, never overwritten, never shown."""

from __future__ import annotations

import hashlib
import stat
import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from tests.unit.evidence.signed_copy import Keys

from tieout.errors import CannotCheck, ConfigurationError
from tieout.evidence import keys as module
from tieout.evidence.dsse import IN_TOTO, seal, unseal, verify_signature
from tieout.evidence.keys import generate_key, load_signer, public_key

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def pem(private: PrivateKey, password: bytes | None = None) -> bytes:
    encryption: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def public_pem(private: PrivateKey) -> str:
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def test_a_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    generate_key(tmp_path / "key.pem")
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    generate_key(path)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="never overwritten"):
        generate_key(path)
    assert path.read_bytes() == before


def test_a_key_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "key.pem").symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(ConfigurationError):
        generate_key(tmp_path / "key.pem")
    assert not (tmp_path / "elsewhere.pem").exists()


def test_a_keys_id_is_the_sha256_of_its_spki_der_bytes(tmp_path: Path) -> None:
    made = generate_key(tmp_path / "key.pem")
    private = load_pem_private_key((tmp_path / "key.pem").read_bytes(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert private.curve.name == "secp256r1"
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert made.keyid == hashlib.sha256(der).hexdigest() == public_key(made.public_pem).keyid


def test_a_generated_key_is_loaded_again_and_signs(tmp_path: Path) -> None:
    made = generate_key(tmp_path / "key.pem")
    loaded = load_signer(f"file2:{tmp_path / 'key.pem'}")
    assert (loaded.keyid, loaded.public_pem) == (made.keyid, made.public_pem)
    envelope, _ = unseal(seal({}, IN_TOTO, loaded), IN_TOTO, "doc")
    verify_signature(envelope, public_key(made.public_pem), "doc")


def test_a_key_that_can_not_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the key can not be written"):
        generate_key(tmp_path / "absent" / "key.pem")


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o700])
def test_a_key_that_only_its_owner_reads_is_taken(tmp_path: Path, mode: int) -> None:
    made = generate_key(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(mode)
    assert load_signer(f"file2:{tmp_path / 'key.pem'}").keyid == made.keyid


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o444, 0o440, 0o610])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    generate_key(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(mode)
    with pytest.raises(ConfigurationError, match=rf"its mode is {mode:04o}, .*Run: chmod 600 .*key\.pem"):
        load_signer(f"file2:{tmp_path / 'key.pem'}")


def test_a_secret_that_a_container_runtime_mounted_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECRETS", tmp_path / "run" / "secrets")
    (tmp_path / "run" / "secrets").mkdir(parents=True)
    for folder in ("run/secrets", "run"):
        generate_key(tmp_path / folder / "key.pem")
        (tmp_path / folder / "key.pem").chmod(0o444)
    (tmp_path / "run" / "secrets" / "link.pem").symlink_to(tmp_path / "run" / "key.pem")
    load_signer(f"file2:{tmp_path / 'run/secrets/key.pem'}")
    for elsewhere in ("run/key.pem", "run/secrets/../key.pem", "run/secrets/link.pem"):
        with pytest.raises(ConfigurationError, match="chmod 600"):
            load_signer(f"file2:{tmp_path / elsewhere}")


def test_secrets_are_mounted_where_the_compose_file_says(repository: Path) -> None:
    uri = next(line for line in (repository / "docker-compose.yaml").read_text().splitlines() if "TIEOUT_LANDING_KEY" in line)
    assert Path(uri.split("file2:")[1]).is_relative_to(module.SECRETS)


def test_two_keys_differ(keys: Keys) -> None:
    assert keys.root.keyid != keys.landing.keyid


@pytest.mark.parametrize("uri", ["", "/path/key.pem", "file:/path/key.pem", "gcpkms:key", "AWSKMS:key", "FILE2:/path"])
def test_another_scheme_is_refused(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="TIEOUT_LANDING_KEY"):
        load_signer(uri)


SECRETS = {
    "P-384": pem(ec.generate_private_key(ec.SECP384R1())),
    "Ed25519": pem(ed25519.Ed25519PrivateKey.generate()),
    "encrypted": pem(ec.generate_private_key(ec.SECP256R1()), b"password"),
    "cut off": pem(ec.generate_private_key(ec.SECP256R1()))[:-60],
    "changed": pem(ec.generate_private_key(ec.SECP256R1())).replace(b"M", b"Z"),
}


def _shows(error: BaseException, secret: str) -> bool:
    """Say whether any line of a key's body stands in the error, or in the traceback that a task log prints."""
    shown = "".join(traceback.format_exception(error)).replace("\\n", "\n")
    return any(line in shown for line in secret.splitlines() if line and not line.startswith("-----"))


@pytest.mark.parametrize("kind", SECRETS)
def test_a_file_without_a_usable_key_is_refused_and_not_shown(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "key.pem"
    write(path, SECRETS[kind])
    with pytest.raises(ConfigurationError, match=r"key\.pem: expected a .*P-256 key") as caught:
        load_signer(f"file2:{path}")
    assert not _shows(caught.value, SECRETS[kind].decode())


@pytest.mark.parametrize("content", [b"", b"no key", b"\xff\xfe"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "key.pem", content)
    with pytest.raises(ConfigurationError, match="expected a PKCS 8 PEM file"):
        load_signer(f"file2:{tmp_path / 'key.pem'}")


@pytest.mark.parametrize("path", ["absent.pem", "", "nul\0byte", "x" * 5000])
def test_a_path_that_can_not_be_read_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigurationError, match="signing key"):
        load_signer(f"file2:{tmp_path}/{path}")


@pytest.mark.parametrize("prefix", ["", "file2:", "awskms:", "file:", "key:"])
@pytest.mark.parametrize("joined", ["\n", "\\n", ""])
def test_a_key_pasted_where_its_path_belongs_is_refused_and_not_shown(prefix: str, joined: str) -> None:
    secret = pem(ec.generate_private_key(ec.SECP256R1())).decode()
    pasted = prefix + secret.replace("\n", joined)
    with pytest.raises(ConfigurationError, match=r"file2:/path/to/key\.pem") as caught:
        load_signer(pasted)
    assert not _shows(caught.value, secret)


@pytest.mark.parametrize("name", ["", " ", "alias/a b", "-----BEGIN", "AKIA+secret/==", "MIGHAgEAMBMG"])
def test_what_is_no_name_of_a_kms_key_is_refused_and_not_shown(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"expected awskms:<key id, alias/\.\.\. or ARN>") as caught:
        load_signer(f"awskms:{name}")
    assert not name.strip() or name not in str(caught.value)


def test_a_signer_does_not_show_its_key(tmp_path: Path) -> None:
    signer = generate_key(tmp_path / "key.pem")
    body = (tmp_path / "key.pem").read_text().splitlines()[1:-1]
    assert not any(line in repr(signer) for line in body)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", id="no key in it"),
        pytest.param("\ud800", id="no text"),
        pytest.param(public_pem(ed25519.Ed25519PrivateKey.generate()), id="Ed25519"),
        pytest.param(public_pem(ec.generate_private_key(ec.SECP384R1())), id="P-384"),
    ],
)
def test_what_is_no_p256_public_key_can_not_be_checked(text: str) -> None:
    with pytest.raises(CannotCheck, match="expected a"):
        public_key(text)
