# SPDX-License-Identifier: Apache-2.0
"""Facts that every source of change records derives in the same way."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tieout.errors import ConfigurationError

BLIND_SPOTS = (
    "A commit shows who committed it, not who approved it.",
    "A commit on the protected branch is not a deployment.",
    "A person who uses two e-mail addresses counts as two.",
    "Author and committer times are set by the clocks of their machines.",
)


def with_committer_facts(rows: pa.Table, platform_committers: list[str]) -> pa.Table:
    """Add ``committer_kind`` and ``committer_is_author``; the latter is null where the committer is a platform.

    Raises:
        ConfigurationError: A platform committer is no text.
    """
    if not all(isinstance(name, str) for name in platform_committers):
        msg = f"parameter 'platform_committers': expected texts, got {platform_committers!r}. Put each in quotes."
        raise ConfigurationError(msg)
    by_platform = pc.is_in(rows["committer"], value_set=pa.array(platform_committers, pa.string()))
    kind = pc.if_else(by_platform, "platform", "person")
    same = pc.if_else(pc.equal(rows["committer"], rows["author"]), "true", "false")
    is_author = pc.if_else(by_platform, pa.scalar(None, pa.string()), same)
    return rows.append_column("committer_kind", kind).append_column("committer_is_author", is_author)
