# SPDX-License-Identifier: Apache-2.0
"""For how long a contract asks its evidence to be locked: the service level ``retention`` of ODCS 3.1.

slaProperties:
  - property: retention
    value: 7
    unit: y
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tieout.documents import Location
from tieout.errors import ConfigurationError

YEARS = ("y", "yr", "year", "years")
"""How ODCS 3.1 (schema, ServiceLevelAgreementProperty, unit) writes years. A lock is counted in nothing shorter."""
_WRITE = "Write property: retention, value: 7, unit: y."


def stated_retention(path: Path, data: dict[str, Any], lines: dict[Location, int]) -> int | None:
    """Return the whole years that a contract states, or ``None`` where it states none.

    Args:
        path: The contract, for errors.
        data: Its content, which follows the ODCS 3.1 schema.
        lines: The line of each value, as `read_yaml` gives them.

    Raises:
        ConfigurationError: It is stated twice, for a part of the columns, in another unit, or is no whole number of years.
    """
    stated = [(number, entry) for number, entry in enumerate(data.get("slaProperties", [])) if entry["property"] == "retention"]
    if not stated:
        return None
    number, entry = stated[0]
    where = f"{path}:{lines['slaProperties', number]}: retention"
    if len(stated) > 1:
        msg = f"{where}: stated again in line {lines['slaProperties', stated[1][0]]}. State it once: it holds for the whole type."
        raise ConfigurationError(msg)
    for key in entry.keys() - {"id", "property", "value", "unit", "driver", "description"}:
        msg = f"{path}:{lines['slaProperties', number, key]}: retention: {key!r} has no meaning here. Leave it out. {_WRITE}"
        raise ConfigurationError(msg)
    if entry.get("unit") not in YEARS:
        line = lines.get(("slaProperties", number, "unit"), lines["slaProperties", number])
        msg = f"{path}:{line}: retention: expected unit {', '.join(YEARS)}, got {entry.get('unit')!r}. {_WRITE}"
        raise ConfigurationError(msg)
    years = entry["value"]
    if isinstance(years, bool) or not isinstance(years, int) or years < 1:
        line = lines["slaProperties", number, "value"]
        msg = f"{path}:{line}: retention: expected a whole number of years, at least 1, got {years!r}. {_WRITE}"
        raise ConfigurationError(msg)
    return years
