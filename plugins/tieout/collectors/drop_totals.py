# SPDX-License-Identifier: Apache-2.0
"""Control totals: ``<file>.count`` beside a dropped file, in which its exporting tool wrote how many rows the file has."""

from __future__ import annotations

import re
from pathlib import Path

from tieout.collectors.csv_text import open_page
from tieout.collectors.drop_files import CONTROL_TOTAL, Drop
from tieout.collectors.frame import Frame
from tieout.errors import ContractError

_MOST = 64


def read_totals(frame: Frame, drop: Drop) -> dict[str, int]:
    """Capture the control totals of a drop, each as a raw page behind those of the files.

    Args:
        frame: The collector's; parameter ``control_total`` says whether there are some.
        drop: The drop.

    Returns:
        The total by file name; nothing where none are asked for.

    Raises:
        SourceUnavailable: One is not there.
        ContractError: One holds no whole number.
    """
    if not frame.parameter("control_total", bool, False):
        return {}
    totals = {}
    for file, sidecar in drop.with_totals():
        page = frame.capture(sidecar.chunks(), CONTROL_TOTAL, "text/plain")
        totals[file.name] = _total(page, sidecar.name)
    return totals


def _total(page: Path, name: str) -> int:
    with open_page(page) as raw:
        text = raw.read(_MOST).decode("utf-8", "replace").strip()
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        msg = f"{name}: expected the number of rows and nothing else, got {text!r}. Nothing lands for this window."
        raise ContractError(msg)
    return int(text)
