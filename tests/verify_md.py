# SPDX-License-Identifier: Apache-2.0
"""The Python of VERIFY.md, as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any


def python_blocks(repository: Path) -> list[str]:
    """Return the blocks, in their order."""
    return re.findall(r"^```python\n(.*?)^```$", (repository / "VERIFY.md").read_text(), re.MULTILINE | re.DOTALL)


def functions(repository: Path) -> dict[str, Any]:
    """Run every block by itself, and return what they define."""
    found: dict[str, Any] = {}
    for block in python_blocks(repository):
        made: dict[str, Any] = {}
        exec(compile(block, "VERIFY.md", "exec"), made)
        found |= {name: value for name, value in made.items() if callable(value)}
    return found


def run_blocks(page: Path, folder: Path, root: str, manifest: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the shell blocks of a VERIFY.md in one shell.

    Args:
        page: The file.
        folder: The copied folder.
        root: Fingerprint of the root key.
        manifest: Key of the manifest to check.
        more: Other variables that the blocks take.
    """
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 6
    for tool in ("openssl", "jq", "sha256sum"):
        assert shutil.which(tool), f"{tool} is needed: make installs it"
    environment = {"PATH": os.environ["PATH"], "FOLDER": str(folder), "ROOT": root, "MANIFEST": manifest, **more}
    return subprocess.run(
        ["sh", "-eu"], input="\n".join(blocks), env=environment, capture_output=True, text=True, check=False, timeout=60
    )
