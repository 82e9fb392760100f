# SPDX-License-Identifier: Apache-2.0
"""An environment in which nothing of Tieout is installed: Python and `cryptography` alone, as an auditor has them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def bare_python(repository: Path, folder: Path) -> Path:
    """Return the Python of an environment with `cryptography` and what it needs, at the hashes of the lock."""
    uv, python = str(Path(sys.executable).with_name("uv")), folder / "venv" / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")], check=True)
    blocks = re.split(r"^(?=[a-z])", (repository / "requirements.txt").read_text(), flags=re.MULTILINE)
    wanted = folder / "requirements.txt"
    wanted.write_text("".join(block for block in blocks if re.match(r"(cryptography|cffi|pycparser)==", block)))
    install = [uv, "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", str(wanted)]
    subprocess.run(install, check=True, timeout=300)
    return python
