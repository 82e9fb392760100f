# SPDX-License-Identifier: Apache-2.0
"""A system that something is read from, and the collector that reads it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from tieout.criteria.periods import Stem
from tieout.documents import Document


class SystemSource(Document):
    """One in-scope system, and the collector that reads its population."""

    system: Stem
    collector: Stem
    """Module of ``tieout.collectors``."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """What the collector needs to know. Never a secret."""
