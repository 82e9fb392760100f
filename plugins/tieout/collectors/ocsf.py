# SPDX-License-Identifier: Apache-2.0
"""Configuration checks from OCSF findings, as Prowler and Security Hub write them into a bucket or a folder.

Parameters are ``path``, ``pattern``, ``connection`` and ``control_total`` of ``object_drop``, and ``checks``: the tool's ids of
the checks to keep, for a control that is about some of them. `ocsf_checks` says which field becomes which column.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice

import pyarrow as pa

from tieout.collectors.drop_files import find_drop
from tieout.collectors.drop_formats import OCSF_FORMATS
from tieout.collectors.drop_pages import BLIND_SPOT, capture, count_drop, data_files, state_drop
from tieout.collectors.drop_pages import pages_as_source as from_pages
from tieout.collectors.drop_totals import read_totals
from tieout.collectors.frame import Frame
from tieout.collectors.ocsf_checks import BLIND_SPOTS, COLUMNS, check_row, code_of, resource_of, status_of, uid_of
from tieout.collectors.ocsf_text import Findings, read_findings
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ConfigurationError, ContractError

__all__ = ["collect", "from_pages"]
_ROWS = 5000


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read whole files, a row per finding that tells of a check; findings of another kind are dropped by key.

    Raises:
        ConfigurationError: A parameter is wrong.
        SourceUnavailable: A file is not there, or changed while it was read.
        ContractError: One is not whole, no OCSF, or has a finding twice; the message names file and finding.
    """
    checks = frame.parameter("checks", list, [])
    if not all(isinstance(each, str) for each in checks):
        msg = f"system {frame.source.system!r}: parameter 'checks': expected texts, got {checks!r}. Put each in quotes."
        raise ConfigurationError(msg)
    drop = find_drop(frame)
    captured = [capture(frame, file, OCSF_FORMATS) for file in data_files(drop)]
    totals = read_totals(frame, drop)
    state_drop(frame, drop, captured, (*BLIND_SPOTS, BLIND_SPOT))
    files = [read_findings(each.page, each.name) for each in captured]
    rows = {file.origin: file.records for file in files}
    state_drop(frame, drop, captured, (*BLIND_SPOTS, BLIND_SPOT), rows)
    count_drop(frame, rows, [file.how for file in files], totals)
    for file in files:
        yield from _tables(frame, file, frozenset(checks))


def _tables(frame: Frame, file: Findings, checks: frozenset[str]) -> Iterator[pa.Table]:
    rows = _rows(frame, file, checks)
    first = True
    while (batch := list(islice(rows, _ROWS))) or first:
        first = False
        arrays = {name: pa.array([row[name] for _, row in batch], pa.string()) for name in COLUMNS}
        yield pa.table({**arrays, POSITION_COLUMN: pa.array([position for position, _ in batch], pa.int64())})


def _rows(frame: Frame, file: Findings, checks: frozenset[str]) -> Iterator[tuple[int, dict[str, str | None]]]:
    seen: dict[bytes, int] = {}
    for position, finding in file.objects():
        where = f"{file.origin}: finding {position}"
        uid = uid_of(finding, where)
        resource = resource_of(finding, where)
        before = seen.setdefault(hashlib.blake2b(f"{uid}\0{resource}".encode(), digest_size=16).digest(), position)
        if before != position:
            msg = f"{where}: has id and resource of finding {before}: {uid}. Nothing lands for this window. Export it again."
            raise ContractError(msg)
        if status_of(finding) is None:
            frame.drop(f"no check with a status: OCSF class {finding['class_uid']}", [uid])
        elif checks and code_of(finding) not in checks:
            frame.drop("of a check that the parameter 'checks' does not name", [uid])
        else:
            yield position, check_row(finding, uid, resource, where)
