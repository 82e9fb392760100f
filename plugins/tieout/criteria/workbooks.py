# SPDX-License-Identifier: Apache-2.0
"""Opens workbooks that somebody else wrote: bounded, and no formula is evaluated.

A file of some kilobytes can unpack to gigabytes, and one merged cell can be a whole sheet, of which openpyxl makes each cell an
object. So its XML is counted first (`tieout.criteria.workbook_bounds`), as a stream, and nothing of it is kept.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tieout.criteria.workbook_bounds import require_bounds
from tieout.errors import ConfigurationError

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
"""An XLSX file is a zip archive: what it unpacks to is bounded too."""


def read_bytes(file: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        ConfigurationError: It can not be read, or is larger than `MAX_FILE_BYTES`.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        msg = f"{file}: cannot be read: {error}."
        raise ConfigurationError(msg) from error
    require_size(file, data)
    return data


def require_size(path: Path, data: bytes) -> None:
    """Check that a file is of a size that is read.

    Raises:
        ConfigurationError: It is larger.
    """
    if len(data) > MAX_FILE_BYTES:
        msg = f"{path}: expected at most {MAX_FILE_BYTES} bytes, got more."
        raise ConfigurationError(msg)


@contextmanager
def opened_workbook(path: Path, data: bytes, *, read_only: bool = True) -> Iterator[Any]:
    """Open a workbook as openpyxl reads it; what it reads of a formula is the formula's text, never a value.

    Args:
        path: Names the file in errors.
        data: Its bytes.
        read_only: Whether rows alone are needed: merged cells and formats are known, and a change can be saved, only without.

    Raises:
        ConfigurationError: openpyxl is not installed, the file is none that can be read, or unpacks to too much.
    """
    try:
        import openpyxl
    except ImportError as error:
        msg = f"{path}: reading XLSX needs openpyxl: pip install 'tieout[auditor]', or save the sheet as CSV UTF-8."
        raise ConfigurationError(msg) from error
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > MAX_UNPACKED_BYTES:
                msg = f"{path}: expected at most {MAX_UNPACKED_BYTES} bytes unpacked, got {unpacked}."
                raise ConfigurationError(msg)
            if not read_only:
                require_bounds(path, archive)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and extensions that it does not know are none of our concern
            workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=read_only, data_only=False)
            try:
                yield workbook
            finally:
                workbook.close()
    except ConfigurationError:
        raise
    except Exception as error:  # a broken workbook breaks openpyxl in ways that it does not list
        msg = f"{path}: no XLSX workbook that can be read: {type(error).__name__}: {error}. One with a password can not."
        raise ConfigurationError(msg) from error


def chosen_sheet(path: Path, workbook: Any, sheet: str | None) -> Any:
    """Return a sheet of a workbook: the named one, or the only one.

    Raises:
        ConfigurationError: There is none of that name, or several and no name.
    """
    names = [each.title for each in workbook.worksheets]
    if sheet is None and len(names) == 1:
        return workbook.worksheets[0]
    if sheet not in names:
        asked = "no --sheet" if sheet is None else f"--sheet {sheet}"
        msg = f"{path}: expected one of its sheets, got {asked}. Sheets: {', '.join(names)}."
        raise ConfigurationError(msg)
    return workbook[sheet]
