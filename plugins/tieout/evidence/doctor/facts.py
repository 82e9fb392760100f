# SPDX-License-Identifier: Apache-2.0
"""What was read, before it is judged. A fact that could not be read is a `Refusal`; one that is not set is ``None``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tieout.evidence.doctor.report import Refusal

UNNAMED = Refusal("not named: give --stack, or the option for it")
Answer = Mapping[str, Any] | Refusal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketFacts:
    """How one bucket is configured, in the shape of S3's answers."""

    versioning: Answer = UNNAMED
    object_lock: Answer = UNNAMED
    public_access: Answer = UNNAMED
    ownership: Answer = UNNAMED
    encryption: Answer = UNNAMED
    lifecycle: Answer = UNNAMED
    replication: Answer = UNNAMED
    policy: str | Refusal | None = UNNAMED


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """One KMS key: its metadata, its policy, and the id of its public half."""

    metadata: Answer = UNNAMED
    policy: str | Refusal | None = UNNAMED
    keyid: str | Refusal | None = UNNAMED


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFacts:
    """One role: who may assume it, and every policy it has, inline and attached."""

    trust: Answer = UNNAMED
    policies: Sequence[Mapping[str, Any]] | Refusal = UNNAMED


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailFacts:
    """One CloudTrail trail."""

    trail: Mapping[str, Any]
    logging: bool
    advanced: Sequence[Mapping[str, Any]]
    basic: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """A file of a private key that a setting names. Its content is never kept."""

    setting: str
    path: str
    mode: int | Refusal
    is_mounted_secret: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that was read."""

    identity: Mapping[str, Any] | Refusal
    endpoint: str
    clock_offset: float | Refusal
    """Seconds that the store's clock is ahead of ours."""
    evidence: BucketFacts
    staging: BucketFacts
    drop: BucketFacts
    identities: BucketFacts
    access: BucketFacts
    keys: Mapping[str, KeyFacts]
    roles: Mapping[str, RoleFacts]
    trails: Sequence[TrailFacts] | Refusal
    key_files: Sequence[KeyFile]
    root: str | Refusal
    """Id of the root key, as the key list states it."""
    reachable: Mapping[str, str]
    """Where each key that can be reached from here is, by its id."""
