# SPDX-License-Identifier: Apache-2.0
"""Values of a database as JSON that loses nothing, and as the text that a contract's columns are cast from.

Null, true and false, whole numbers, floating numbers and text stand as such; anything else as an object that names its type:
``{"decimal": "12.50"}``, ``{"time": "2026-03-05T14:30:00+01:00"}``, ``{"date": "2026-03-05"}``, ``{"uuid": "..."}``. What a
driver has taken apart already (bytes, arrays, JSON) is refused: only the database can say what its text is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pyarrow as pa

from tieout.errors import ConfigurationError

_FORMS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: str,
    str: encode_basestring,
    float: lambda value: repr(value) if math.isfinite(value) else f'{{"float":"{value!r}"}}',
    Decimal: lambda value: f'{{"decimal":"{value}"}}',
    datetime: lambda value: f'{{"time":"{value.isoformat()}"}}',
    date: lambda value: f'{{"date":"{value.isoformat()}"}}',
    UUID: lambda value: f'{{"uuid":"{value}"}}',
}


def as_json(values: Sequence[Any], column: str) -> list[str]:
    """Return one column's values as JSON texts.

    Raises:
        ConfigurationError: One is of a type that has no such form.
    """
    kinds = set(map(type, values))
    strange = next((kind for kind in kinds if kind not in _FORMS), None)
    if strange is not None:
        msg = f"column {column!r}: a value of type {strange.__name__} has no text of its own. Cast it to text in the query."
        raise ConfigurationError(msg)
    if len(kinds) == 1:
        return list(map(_FORMS[kinds.pop()], values))
    return [_FORMS[type(value)](value) for value in values]


@dataclass(slots=True)
class Texts:
    """Turns values read back from JSON into text.

    Attributes:
        zone: Of times without one; ``None`` where none is stated.
        unsure: Times without zone that the zone's clock shows twice or never, so far.
    """

    zone: ZoneInfo | None
    unsure: int = 0

    def column(self, values: Sequence[Any], name: str) -> pa.Array:
        """Return a column as text.

        Raises:
            ConfigurationError: A time has no zone, and none is stated.
        """
        kinds = set(map(type, values))
        if kinds <= {bool, type(None)}:
            return pa.array(values, pa.bool_()).cast(pa.string())
        if not kinds <= {str, type(None)}:
            values = [value if value is None or isinstance(value, str) else self._text(value, name) for value in values]
        return pa.array(values, pa.string())

    def _text(self, value: Any, name: str) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, dict):
            return repr(value)
        ((kind, stated),) = value.items()
        if kind == "time" and stated[-6] not in "+-":  # else its zone is whole minutes, and it can stay as it is
            return self._time(stated, name)
        return format(Decimal(stated), "f") if kind == "decimal" else str(stated)

    def _time(self, stated: str, name: str) -> str:
        time = datetime.fromisoformat(stated)
        if time.tzinfo is None:
            if self.zone is None:
                msg = (
                    f"column {name!r}: a time without zone, which would be a guess. State parameter 'time_zone', such as "
                    f"Europe/Berlin, or give the time a zone in the query."
                )
                raise ConfigurationError(msg)
            time = time.replace(tzinfo=self.zone)
            self.unsure += time.utcoffset() != time.replace(fold=1).utcoffset()
        return time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
