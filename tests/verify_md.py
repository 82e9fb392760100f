# SPDX-License-Identifier: Apache-2.0
"""The Python of VERIFY.md, as it stands there."""

from __future__ import annotations

import re
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
