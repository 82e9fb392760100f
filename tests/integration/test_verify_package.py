# SPDX-License-Identifier: Apache-2.0
"""`verify_package.py` with `cryptography` alone agrees with `tieout verify` on 200 landings, good and bad."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bare import bare_python
from tests.unit.evidence.signed_copy import NOW, Keys, SignedCopy, build_copy, land_in
from tieout.evidence.keys import generate_key
from tieout.evidence.layout import Place
from tieout.evidence.sources import Copy
from tieout.evidence.verify import verify

pytestmark = pytest.mark.integration

LANDINGS = 200


@pytest.fixture(scope="module")
def bare(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment with `cryptography` and what it needs, at the hashes of the lock."""
    return bare_python(repository, tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> SignedCopy:
    """Return a copy of 200 landings, digested, and then tampered with in 60 of them."""
    folder = tmp_path_factory.mktemp("many")
    names = ("root", "landing", "digest", "stranger", "other_root")
    keys = Keys(*(generate_key(folder / f"{name}.pem") for name in names))
    copy = build_copy(folder, keys)
    manifests = list(copy.manifests)
    for number in range(LANDINGS - len(manifests)):
        place = Place("2026-H2", f"control_{number:03}", f"2026-{7 + number % 6:02}")
        manifests.append(land_in(copy.folder, place, number % 5, keys.landing, folder / f"more-{number}"))
    copy = SignedCopy(copy.folder, keys, tuple(manifests))
    copy.digest()
    _tamper(copy)
    return copy


def _tamper(copy: SignedCopy) -> None:
    choice = random.Random(2026)
    for number, key in enumerate(choice.sample(copy.manifests[3:], 60)):
        one = SignedCopy(copy.folder, copy.keys, (key,))
        WAYS[number % len(WAYS)](one, one.subjects("part")[0])


WAYS: list[Callable[[SignedCopy, str], object]] = [
    lambda one, part: one.path(part).write_bytes(one.path(part).read_bytes()[:-1]),
    lambda one, part: one.path(part).unlink(),
    lambda one, _: one.write(one.subjects("raw")[0], b"other"),
    lambda one, _: one.path(one.manifest).unlink(),
    lambda one, _: one.write_envelope(lambda envelope: envelope.update(signatures=[])),
    lambda one, _: one.write_payload(json.dumps(one.statement()).encode()),
    lambda one, _: one.sign_again(lambda said: said["predicate"].update(potential_deviations=1)),
    lambda one, _: one.sign_again(lambda _said: None, one.keys.stranger),
    lambda one, _: one.write(one.manifest.replace("window=2026-", "window=2025-"), one.path(one.manifest).read_bytes()),
    lambda one, part: one.write(part.replace("-00000.parquet", "-00009.parquet"), b"stray"),
]


def test_two_programs_agree_on_200_landings(bare: Path, many: SignedCopy, repository: Path) -> None:
    listed = subprocess.run(
        [str(bare), "-c", "import cryptography, sys; import tieout"], capture_output=True, text=True, check=False
    )
    assert "No module named 'tieout'" in listed.stderr
    program = repository / "plugins" / "tieout" / "evidence" / "verify_package.py"
    command = [str(bare), "-I", str(program), str(many.folder), "--root", many.root, "--json", "--now", "2026-11-02T08:00:00Z"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1, done.stderr
    theirs = json.loads(done.stdout)
    ours = verify(Copy(many.folder), many.root, now=NOW).as_document()
    for document in (ours, theirs):
        assert document["outcome"] == "tampered"

    def outcomes(document: dict[str, object]) -> dict[str, str]:
        return {item["key"]: item["outcome"] for name in ("landings", "others") for item in document[name]}  # type: ignore[attr-defined]

    assert outcomes(theirs) == outcomes(ours)
    assert (theirs["intact"], theirs["total"]) == (ours["intact"], ours["total"])
    assert 130 < ours["intact"] < 160
    assert {item["outcome"] for item in ours["landings"]} >= {"intact", "tampered"}
