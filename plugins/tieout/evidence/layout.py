# SPDX-License-Identifier: Apache-2.0
"""Where everything stands in the evidence bucket (layout version 1).

    evidence/<type>/observation_period=2026-H2/control=<control>/window=2026-10/<landing>-00000.parquet
    manifests/observation_period=2026-H2/control=<control>/window=2026-10/<landing>.dsse.json
    manifests/observation_period=2026-H2/control=<control>/window=2026-10/<record>.record.dsse.json
    raw/observation_period=2026-H2/control=<control>/<landing>/page-00000.json.zst
    responses/observation_period=2026-H2/control=<control>/<campaign>/<assignment>/<response>.dsse.json
    responses/observation_period=2026-H2/control=<control>/<campaign>/<assignment>/presented-<SHA-256>.json
    responses/observation_period=2026-H2/control=<control>/<campaign>/<assignment>/file-<SHA-256>
    digests/<sequence, 12 digits>.dsse.json     digests/<sequence>.tsr
    index/observation_period=2026-H2/<sequence>.parquet
    catalog/<edition>/<git commit>/...
    keys/root.dsse.json     keys/root-<edition, 6 digits>.dsse.json
    README.md LAYOUT.json

A landing's id is ``<system>-<32 hexadecimal digits>``: equal input gives an equal id, so that a retry writes the same keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

LAYOUT_VERSION = 1
KEYS = "keys/"
KEY_LIST = "keys/root.dsse.json"
MANIFESTS = "manifests/"
EVIDENCE = "evidence/"
RAW = "raw/"
RESPONSES = "responses/"
DIGESTS = "digests/"
INDEX = "index/"
CATALOG = "catalog/"
README = "README.md"
LAYOUT = "LAYOUT.json"
MANIFEST_SUFFIX = ".dsse.json"
RECORD_SUFFIX = ".record.dsse.json"


class Class(StrEnum):
    """What an object of the bucket is, told by its key alone."""

    PART = "part"
    RAW_PAGE = "raw page"
    MANIFEST = "manifest"
    RECORD = "record"
    RESPONSE = "response"
    PRESENTED = "presented"
    FILE = "file"
    DIGEST = "digest"
    TIME_STAMP = "time stamp"
    INDEX = "index"
    KEY_LIST = "key list"
    CATALOG = "catalog"
    DOCUMENTATION = "documentation"
    UNKNOWN = "unknown"


_SLOT = r"observation_period=[^/]+/control=[^/]+"
KEY_PATTERNS = (
    (Class.PART, rf"evidence/[^/]+/{_SLOT}/window=[^/]+/[^/]+-\d{{5}}\.parquet"),
    (Class.RAW_PAGE, rf"raw/{_SLOT}/[^/]+/page-\d{{5}}\.[^/]+"),
    (Class.RECORD, rf"manifests/{_SLOT}/window=[^/]+/[^/]+\.record\.dsse\.json"),
    (Class.MANIFEST, rf"manifests/{_SLOT}/window=[^/]+/[^/]+\.dsse\.json"),
    (Class.PRESENTED, rf"responses/{_SLOT}/[^/]+/[^/]+/presented-[0-9a-f]{{64}}\.json"),
    (Class.FILE, rf"responses/{_SLOT}/[^/]+/[^/]+/file-[0-9a-f]{{64}}"),
    (Class.RESPONSE, rf"responses/{_SLOT}/[^/]+/[^/]+/[^/]+\.dsse\.json"),
    (Class.DIGEST, r"digests/\d{12}\.dsse\.json"),
    (Class.TIME_STAMP, r"digests/\d{12}\.tsr"),
    (Class.INDEX, r"index/observation_period=[^/]+/\d{12}\.parquet"),
    (Class.KEY_LIST, r"keys/root(-\d{6})?\.dsse\.json"),
    (Class.CATALOG, r"catalog/[^/]+/[^/]+/.+"),
    (Class.DOCUMENTATION, r"README\.md|LAYOUT\.json"),
)
"""Each class of objects with the regular expression that its whole keys match, the first that fits."""
_PATTERNS = tuple((kind, re.compile(pattern, re.ASCII)) for kind, pattern in KEY_PATTERNS)


def class_of(key: str) -> Class:
    """Return what stands under a key; `Class.UNKNOWN` for a key that this layout does not have."""
    return next((kind for kind, pattern in _PATTERNS if pattern.fullmatch(key)), Class.UNKNOWN)


def digest_key(sequence: int) -> str:
    """Return the key of a digest."""
    return f"{DIGESTS}{sequence:012}{MANIFEST_SUFFIX}"


def time_stamp_key(sequence: int) -> str:
    """Return the key of a digest's RFC 3161 time stamp."""
    return f"{DIGESTS}{sequence:012}.tsr"


def index_key(observation_period: str, sequence: int) -> str:
    """Return the key of the index file that the digest of a sequence number wrote for a period."""
    return f"{INDEX}observation_period={observation_period}/{sequence:012}.parquet"


def key_list_key(edition: int) -> str:
    """Return the key of an edition of the key list; the first has none in its name."""
    return KEY_LIST if edition == 1 else f"{KEYS}root-{edition:06}{MANIFEST_SUFFIX}"


def partition_values(key: str) -> dict[str, str]:
    """Return the Hive partition values in a key: ``observation_period``, ``control``, ``window`` where it has them."""
    return dict(part.split("=", 1) for part in key.split("/")[:-1] if "=" in part)


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

    def record(self, record: str) -> str:
        """Return the key of a record."""
        return f"{MANIFESTS}{self.partition}/{record}{RECORD_SUFFIX}"

    def response(self, campaign: str, assignment: str, response: str) -> str:
        """Return the key of a response."""
        return f"{self.responses_of(campaign, assignment)}{response}{MANIFEST_SUFFIX}"

    def responses_of(self, campaign: str, assignment: str = "") -> str:
        """Return the prefix of all responses to a campaign, or to one assignment of it."""
        slot = f"observation_period={self.observation_period}/control={self.control}"
        return f"{RESPONSES}{slot}/{campaign}/" + (f"{assignment}/" if assignment else "")

    def presented(self, campaign: str, assignment: str, sha256: str) -> str:
        """Return the key of what a person was shown, by the SHA-256 of its bytes."""
        return f"{self.responses_of(campaign, assignment)}presented-{sha256}.json"

    def file(self, campaign: str, assignment: str, sha256: str) -> str:
        """Return the key of a file that a person gave, by the SHA-256 of its bytes: it has no name, so that nothing opens it."""
        return f"{self.responses_of(campaign, assignment)}file-{sha256}"

    def manifests_of(self, system: str) -> str:
        """Return the prefix of all manifests of a system in this slot."""
        return f"{MANIFESTS}{self.partition}/{system}-"

    def raw(self, landing: str, page: str) -> str:
        """Return the key of a raw page."""
        return f"{RAW}observation_period={self.observation_period}/control={self.control}/{landing}/{page}"


def staging_prefix(place: Place, landing: str) -> str:
    """Return where the staging bucket keeps what one task hands to the next."""
    return f"{place.partition}/{landing}/"


def landing_of(key: str) -> str:
    """Return the landing that the key of a manifest or of a part belongs to."""
    name = key.rsplit("/", 1)[-1]
    return name.removesuffix(MANIFEST_SUFFIX) if name.endswith(MANIFEST_SUFFIX) else name.rsplit("-", 1)[0]
