# SPDX-License-Identifier: Apache-2.0
"""What is examined: the names of buckets, keys, roles and trail, as a CloudFormation stack's outputs or a person give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WRITER, RESPONDER, DIGEST, KEY_ADMINISTRATOR = "writer", "responder", "digest", "key administrator"
AUDITOR, LINKS, BREAK_GLASS = "auditor", "links", "break-glass"
ROLES = (WRITER, RESPONDER, DIGEST, KEY_ADMINISTRATOR, AUDITOR, LINKS, BREAK_GLASS)
OPTIONAL = (AUDITOR, LINKS)
"""Roles that a stack may do without."""
ENCRYPTION, IDENTITY = "encryption", "identity"
LANDING_KEY, RESPONSE_KEY, DIGEST_KEY = "landing", "response", "digest"
SIGNING = (LANDING_KEY, RESPONSE_KEY, DIGEST_KEY)

_BUCKETS = {
    "bucket": "EvidenceBucket",
    "staging_bucket": "StagingBucket",
    "drop_bucket": "DropBucket",
    "identity_bucket": "IdentityBucket",
    "access_bucket": "AccessRecordBucket",
    "trail": "AccessTrailArn",
}
_KEYS = {
    ENCRYPTION: "SseKeyArn",
    IDENTITY: "IdentityKeyArn",
    LANDING_KEY: "LandingKeyArn",
    RESPONSE_KEY: "ResponseKeyArn",
    DIGEST_KEY: "DigestKeyArn",
}
_ROLES = {
    WRITER: "WriterRoleArn",
    RESPONDER: "ResponderRoleArn",
    DIGEST: "DigestRoleArn",
    KEY_ADMINISTRATOR: "KeyAdministratorRoleArn",
    AUDITOR: "AuditorRoleArn",
    LINKS: "LinksRoleArn",
    BREAK_GLASS: "BreakGlassRoleArn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is examined. What is not named can not be checked, and the report says so."""

    bucket: str
    staging_bucket: str | None = None
    drop_bucket: str | None = None
    identity_bucket: str | None = None
    access_bucket: str | None = None
    trail: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    """ARN by name: ``encryption``, ``identity``, ``landing``, ``response``, ``digest``."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """ARN by name, as `ROLES` has them."""

    def role_name(self, principal: str) -> str:
        """Return what a principal is called here, or its ARN."""
        return next((name for name, arn in self.roles.items() if arn == principal), principal)


def target_from_outputs(outputs: Mapping[str, str], given: Target) -> Target:
    """Return what a stack's outputs name; what was given by hand stays.

    Args:
        outputs: Of the stack that ``deploy/cloudformation/evidence_bucket.yaml`` makes.
        given: What a person named; its ``bucket`` may be empty.
    """
    named = {name: getattr(given, name) or outputs.get(output) for name, output in _BUCKETS.items()}
    keys = {name: outputs[output] for name, output in _KEYS.items() if output in outputs}
    roles = {name: outputs[output] for name, output in _ROLES.items() if output in outputs}
    bucket = named.pop("bucket") or ""
    return Target(bucket=bucket, **named, keys={**keys, **given.keys}, roles={**roles, **given.roles})
