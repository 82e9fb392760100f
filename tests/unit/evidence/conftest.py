# SPDX-License-Identifier: Apache-2.0
"""Keys once per session, and for each test a signed copy of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.evidence.signed_copy import Keys, SignedCopy, build_copy

from tieout.evidence.keys import generate_key


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Return five keys."""
    folder = tmp_path_factory.mktemp("keys")
    return Keys(**{name: generate_key(folder / f"{name}.pem") for name in Keys.__dataclass_fields__})


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> SignedCopy:
    """Return the copy that tests get copies of; nothing may change it."""
    return build_copy(tmp_path_factory.mktemp("template"), keys)


@pytest.fixture
def copy(tmp_path: Path, template: SignedCopy) -> SignedCopy:
    """Return a signed copy that the test may tamper with."""
    return replace(template, folder=Path(shutil.copytree(template.folder, tmp_path / "copy")))
