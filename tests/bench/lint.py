# SPDX-License-Identifier: Apache-2.0
"""`tieout lint` over the whole library, against reading the same files as YAML."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.bench.parse import REPOSITORY


def _files() -> list[Path]:
    return [path for folder in ("criteria", "evidence_schemas") for path in (REPOSITORY / "include" / folder).rglob("*.yaml")]


def floor(folder: Path, rows: int, repeat: int) -> Callable[[], None]:
    """Read every file with libyaml's safe loader."""
    import yaml

    def timed() -> None:
        for path in _files():
            yaml.load(path.read_text(), Loader=yaml.CSafeLoader)

    return timed


def ours(folder: Path, rows: int, repeat: int) -> Callable[[], None]:
    """Lint, our modules imported within the time."""

    def timed() -> None:
        from tieout.flows.lint import lint
        from tieout.settings import Settings

        found = lint(Settings(home=REPOSITORY))
        assert found.problems == ()

    return timed
