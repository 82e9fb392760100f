# SPDX-License-Identifier: Apache-2.0
"""Facts that every source of change records derives in the same way."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tieout.collectors.frame import Frame
from tieout.errors import ConfigurationError

BLIND_SPOTS = (
    "A commit shows who committed it, not who approved it.",
    "A commit on the protected branch is not a deployment.",
    "A person who uses two e-mail addresses counts as two.",
    "Author and committer times are set by the clocks of their machines.",
)


def platform_committers(frame: Frame) -> list[str]:
    """Return parameter ``platform_committers``, each as it stands in the captured pages.

    Raises:
        ConfigurationError: It is no list, or one of them is no text.
    """
    names = frame.parameter("platform_committers", list, [])
    if not all(isinstance(name, str) for name in names):
        msg = f"parameter 'platform_committers': expected texts, got {names!r}. Put each in quotes."
        raise ConfigurationError(msg)
    return [frame.as_captured(name) for name in names]


def with_committer_facts(rows: pa.Table, platforms: list[str]) -> pa.Table:
    """Add ``committer_kind`` and ``committer_is_author``; the latter is null where the committer is a platform."""
    by_platform = pc.is_in(rows["committer"], value_set=pa.array(platforms, pa.string()))
    kind = pc.if_else(by_platform, "platform", "person")
    same = pc.if_else(pc.equal(rows["committer"], rows["author"]), "true", "false")
    is_author = pc.if_else(by_platform, pa.scalar(None, pa.string()), same)
    return rows.append_column("committer_kind", kind).append_column("committer_is_author", is_author)
