# SPDX-License-Identifier: Apache-2.0
"""Which collectors there are, told from their source text: importing one may import what only a worker has."""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from pathlib import Path

_PACKAGE = "tieout.collectors"


@cache
def collector_names() -> tuple[str, ...]:
    """Return the names of the collectors, in order."""
    package = importlib.util.find_spec(_PACKAGE)
    folders = (package.submodule_search_locations or []) if package else []
    files = sorted(path for folder in folders for path in Path(folder).glob("*.py"))
    return tuple(path.stem for path in files if _defines_collect(path))


def missing_collector(name: str) -> str:
    """Return why there is no collector of a name; an empty text where there is one."""
    module = importlib.util.find_spec(f"{_PACKAGE}.{name}")
    if module is None:
        return f"there is no module tieout/collectors/{name}.py"
    if name in collector_names():
        return ""
    return f"tieout/collectors/{name}.py has no function 'collect'"


def _defines_collect(path: Path) -> bool:
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.FunctionDef) and node.name == "collect":
            return True
        if isinstance(node, ast.ImportFrom) and any((each.asname or each.name) == "collect" for each in node.names):
            return True
    return False
