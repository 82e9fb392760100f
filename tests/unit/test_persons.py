# SPDX-License-Identifier: Apache-2.0
"""Person ids: equal for equal addresses, different under another key, and a key that stays with its owner."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from tieout.errors import ConfigurationError
from tieout.persons import PERSON_ID, PersonKey, create_person_key, load_person_key

KEY = PersonKey(bytes(range(32)))


def key_file(folder: Path, content: bytes = bytes(range(32)), mode: int = 0o600) -> Path:
    """Write a key file."""
    path = folder / "identity.key"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_an_id_is_the_first_digits_of_a_keyed_hash() -> None:
    digits = hmac.new(bytes(range(32)), b"ann@example.com", hashlib.sha256).hexdigest()[:20]
    assert KEY.person("ann@example.com") == f"person-{digits}"
    assert PERSON_ID.fullmatch(KEY.person("ann@example.com"))


@pytest.mark.parametrize("same", ["Ann@Example.COM", " ann@example.com\n"])
def test_case_and_spaces_make_no_other_person(same: str) -> None:
    assert KEY.person(same) == KEY.person("ann@example.com")


def test_composed_and_decomposed_letters_are_one_person() -> None:
    assert KEY.person("ju\u0308rgen@x.org") == KEY.person("j\u00fcrgen@x.org")


def test_another_address_or_another_key_is_another_id() -> None:
    ids = {KEY.person("ann@example.com"), KEY.person("ben@example.com"), PersonKey(bytes(32)).person("ann@example.com")}
    assert len(ids) == 3


def test_a_key_is_created_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    create_person_key(path)
    first = load_person_key(f"file:{path}")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        create_person_key(path)
    assert load_person_key(f"file:{path}") == first


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, mode=mode)
    with pytest.raises(ConfigurationError, match=rf"only its owner can read, got mode {mode:o}\. Run chmod 600"):
        load_person_key(f"file:{path}")


def test_a_mounted_secret_keeps_the_mode_that_its_runtime_gives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = key_file(tmp_path, mode=0o444)
    monkeypatch.setattr("tieout.persons.SECRETS", tmp_path)
    assert load_person_key(f"file:{path}") == KEY


@pytest.mark.parametrize(("size", "got"), [(0, "0"), (31, "31"), (33, "more"), (64, "more")])
def test_a_key_of_another_length_is_refused(tmp_path: Path, size: int, got: str) -> None:
    path = key_file(tmp_path, b"k" * size)
    with pytest.raises(ConfigurationError, match=f"expected 32 bytes, got {got}"):
        load_person_key(f"file:{path}")


def test_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"identity key .*nowhere: cannot be read: No such file or directory"):
        load_person_key(f"file:{tmp_path}/nowhere")


@pytest.mark.parametrize("uri", ["3f" * 32, "hex:" + "3f" * 32, "file:identity.key", "file2:/k", ""])
def test_what_is_no_path_is_refused_and_not_shown(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="expected file:/path, got something else") as refused:
        load_person_key(uri)
    assert "3f3f" not in str(refused.value)


def test_a_key_shows_itself_nowhere() -> None:
    assert "secret" not in repr(KEY)
    assert repr(bytes(range(32)))[2:20] not in repr(KEY)
