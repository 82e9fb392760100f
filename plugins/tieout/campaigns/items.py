# SPDX-License-Identifier: Apache-2.0
"""Ids and hashes of items: what an answer names, so that it can not be given to another row, or to the same one changed.

Both are SHA-256 over RFC 8785 bytes. Keys are ASCII here and numbers are whole, so that what the standard library writes is that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from tieout.errors import ConfigurationError
from tieout.times import instant

ID_DIGITS = 20
_MOST = 2**53 - 1
_AS_IT_IS = frozenset({str, bool, type(None)})
Value = str | int | bool | date | datetime | None
"""What a row may hold: instants and days are hashed as the text that states them."""


def item_id(key: Sequence[Value]) -> str:
    """Return an item's id: the first `ID_DIGITS` hexadecimal digits of the SHA-256 over its row's key values, in key order.

    Raises:
        ConfigurationError: A value is none that JSON and every reader of it agree on.
    """
    return hashlib.sha256(canonical([_plain(value, "key") for value in key])).hexdigest()[:ID_DIGITS]


def row_sha256(row: Mapping[str, Value]) -> str:
    """Return the hash of a frozen row, over its columns by name; those that start with ``_`` do not count.

    Raises:
        ConfigurationError: A column's name is not ASCII, or a value is none that JSON and every reader of it agree on.
    """
    if not "".join(row).isascii():
        msg = f"columns {', '.join(name for name in row if not name.isascii())}: expected names in ASCII."
        raise ConfigurationError(msg)
    plain = {name: value if type(value) in _AS_IT_IS else _plain(value, name) for name, value in row.items() if name[:1] != "_"}
    return hashlib.sha256(canonical(plain)).hexdigest()


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of JSON values without floats, whose keys are ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: Value, name: str) -> str | int | bool | None:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int) and abs(value) <= _MOST:
        return value
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    msg = f"{name}: expected text, a day, an instant, a boolean or a whole number below 2^53, got {type(value).__name__}."
    raise ConfigurationError(msg)
