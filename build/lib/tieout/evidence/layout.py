# SPDX-License-Identifier: Apache-2.0
"""Where everything stands in the evidence bucket (layout version 1).

    evidence/<type>/observation_period=2026-H2/control=<control>/window=2026-10/<landing>-00000.parquet
    manifests/observation_period=2026-H2/control=<control>/window=2026-10/<landing>.dsse.json
    raw/observation_period=2026-H2/control=<control>/<landing>/page-00000.json.zst
    keys/root.dsse.json

A landing's id is ``<system>-<32 hexadecimal digits>``: equal input gives an equal id, so that a retry writes the same keys.
"""

from __future__ import annotations

from dataclasses import dataclass

LAYOUT_VERSION = 1
KEY_LIST = "keys/root.dsse.json"
MANIFESTS = "manifests/"
EVIDENCE = "evidence/"
RAW = "raw/"
MANIFEST_SUFFIX = ".dsse.json"


@dataclass(frozen=True, slots=True)
class Place:
    """Which slot of the store a landing belongs to."""

    observation_period: str
    control: str
    window: str

    @property
    def partition(self) -> str:
        """The Hive partition folders of the slot."""
        return f"observation_period={self.observation_period}/control={self.control}/window={self.window}"

    def part(self, table: str, landing: str, number: int) -> str:
        """Return the key of a Parquet part."""
        return f"{EVIDENCE}{table}/{self.partition}/{landing}-{number:05}.parquet"

    def manifest(self, landing: str) -> str:
        """Return the key of a landing's manifest."""
        return f"{MANIFESTS}{self.partition}/{landing}{MANIFEST_SUFFIX}"

    def manifests_of(self, system: str) -> str:
        """Return the prefix of all manifests of a system in this slot."""
        return f"{MANIFESTS}{self.partition}/{system}-"

    def raw(self, landing: str, page: str) -> str:
        """Return the key of a raw page."""
        return f"{RAW}observation_period={self.observation_period}/control={self.control}/{landing}/{page}"


def staging_prefix(place: Place, landing: str) -> str:
    """Return where the staging bucket keeps what one task hands to the next."""
    return f"{place.partition}/{landing}/"


def manifest_prefix(observation_period: str | None = None, control: str | None = None) -> str:
    """Return the prefix of all manifests, of those of a period, or of those of a control in a period."""
    prefix = MANIFESTS
    if observation_period is not None:
        prefix += f"observation_period={observation_period}/"
        if control is not None:
            prefix += f"control={control}/"
    return prefix


def landing_of(key: str) -> str:
    """Return the landing that the key of a manifest or of a part belongs to."""
    name = key.rsplit("/", 1)[-1]
    return name.removesuffix(MANIFEST_SUFFIX) if name.endswith(MANIFEST_SUFFIX) else name.rsplit("-", 1)[0]
