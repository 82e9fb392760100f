# SPDX-License-Identifier: Apache-2.0
"""The rim: tries, as whoever runs it, what has to be refused, in forms that leave nothing behind when it is not.

Nothing is stored to be probed: a locked bucket would keep it for years, and verification would find it. So each act is built to
come to nothing for a second and a third reason of the store's own, and every docstring says which. A refusal alone proves
little, as it may be for another reason than the guard's: the same put without the forbidden part has to be let through first.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from tieout.evidence.doctor.attempt import Attempt, attempt, judge_attempt, not_tried
from tieout.evidence.doctor.read import Clients
from tieout.evidence.doctor.report import Check, Outcome, judge
from tieout.evidence.doctor.statements import MIN_DAYS
from tieout.evidence.doctor.target import DIGEST, ENCRYPTION, KEY_ADMINISTRATOR, RESPONDER, SIGNING, WRITER, Target
from tieout.settings import Settings

NOT_TRIED = (
    "versioning, lifecycle, default lock, policy, encryption and replication of a bucket: they would change if let through",
    "disabling a key or scheduling its deletion: it would happen if let through",
    "a request without TLS: it would send a signed request in the clear",
)
_BODY = b"tieout doctor probe: a put of this can not succeed"
_OWNER = {
    "evidence/": WRITER,
    "raw/": WRITER,
    "manifests/": WRITER,
    "catalog/": WRITER,
    "responses/": RESPONDER,
    "digests/": DIGEST,
    "index/": DIGEST,
    "keys/": KEY_ADMINISTRATOR,
}
_NO_BASELINE = "the right put is refused too, so that a refusal would say nothing; run it as a role that puts"
_ETAG = '"00000000000000000000000000000000"'


@dataclass(frozen=True, slots=True)
class Bench:
    """What all probes share."""

    clients: Clients
    target: Target
    settings: Settings
    now: datetime
    name: str
    """Part of a key that nobody has used."""

    @property
    def is_aws(self) -> bool:
        """Whether the store is AWS, whose order of checks is documented."""
        return (urlsplit(str(self.clients.s3.meta.endpoint_url)).hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn"))

    def put(self, prefix: str, **changes: Any) -> Attempt:
        """Try a put that can not succeed: create-only, with an MD5 and a SHA-256 of other bytes than it sends.

        A store that lets it through answers BadDigest. Both sums would have to go unchecked for something to be stored, so
        nothing is sent before the store has been seen to refuse a wrong sum (`checks_sums`). ``None`` takes an argument away.
        """
        key = self.target.keys.get(ENCRYPTION) or self.settings.sse_key_id
        encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {"ServerSideEncryption": "AES256"}
        right = {
            "IfNoneMatch": "*",
            "ObjectLockMode": "COMPLIANCE",
            "ObjectLockRetainUntilDate": self.now + timedelta(days=366 * self.settings.retention_years),
            **encrypted,
        }
        arguments = {name: value for name, value in {**right, **changes}.items() if value is not None}
        call = self.clients.s3.put_object
        return attempt(call, Bucket=self.target.bucket, Key=f"{prefix}{self.name}", **_wrong_sums(), **arguments)


def _wrong_sums() -> dict[str, Any]:
    other = b"other bytes"
    md5 = hashlib.md5(other, usedforsecurity=False).digest()
    sha256 = hashlib.sha256(other).digest()
    return {"Body": _BODY, "ContentMD5": base64.b64encode(md5).decode(), "ChecksumSHA256": base64.b64encode(sha256).decode()}


def run_probes(clients: Clients, target: Target, settings: Settings, now: datetime) -> list[Check]:
    """Try every forbidden act that is harmless to try.

    Args:
        clients: Of the identity that tries; the writer's says most.
        target: What is tried.
        settings: Say how long and with which key this installation locks.
        now: UTC.
    """
    bench = Bench(clients, target, settings, now, f"doctor-probe-{uuid.uuid4().hex}")
    refusal = checks_sums(bench)
    let = [prefix for prefix in _OWNER if refusal is None and bench.put(prefix).let_through]
    checks = [_own_prefixes(let, refusal)]
    for name, probe in _put_probes(bench):
        checks.append(judge_attempt(name, probe(let[0])) if let else not_tried(name, refusal or _NO_BASELINE))
    prefix = let[0] if let else "evidence/"
    checks += [upload_in_parts(bench, prefix), *deletions(bench, prefix), legal_hold(bench, prefix)]
    checks.append(shorten(bench, [*let, *_OWNER]))
    return [*checks, *(raw_signature(bench, name) for name in SIGNING if name in target.keys)]


def checks_sums(bench: Bench) -> str | None:
    """Return ``None`` if the store refuses a put whose sums are wrong, else why puts are not tried.

    On AWS that is documented. Elsewhere it is tried in the staging bucket, where nothing is locked and everything expires: what
    a store without checks stored there is deleted at once, and the evidence bucket is left alone.
    """
    if bench.is_aws:
        return None
    if bench.target.staging_bucket in (None, bench.target.bucket):
        return "no staging bucket was named to see first whether this store refuses wrong checksums"
    s3, where = bench.clients.s3, {"Bucket": bench.target.staging_bucket, "Key": bench.name}
    tried = attempt(s3.put_object, **where, **_wrong_sums())
    if tried.code is None:
        attempt(s3.delete_object, **where)
        return "this store stores what does not have its checksum"
    if tried.let_through:
        return None
    return f"whether this store refuses wrong checksums could not be seen in the staging bucket ({tried.code})"


def _own_prefixes(let: Iterable[str], refusal: str | None) -> Check:
    """Say under which prefixes the right put was let through: an identity has the prefixes of one role."""
    name, expected, found = "probe: right put", "let through under the prefixes of one role", ", ".join(let)
    if not found:
        return Check(name, expected, f"not tried: {refusal}" if refusal else "nowhere", Outcome.CANNOT_CHECK)
    return judge(name, expected, f"let through under {found}", holds=len({_OWNER[prefix] for prefix in let}) == 1)


def _put_probes(bench: Bench) -> list[tuple[str, Callable[[str], Attempt]]]:
    """Return the puts that are right but for one thing. See `Bench.put` for why none can succeed.

    The one without If-None-Match carries an If-Match with an ETag that no object has, on a key that nobody has used.
    """
    cap = bench.settings.retention_cap_years * 366
    changed: dict[str, dict[str, Any]] = {
        "no lock": {"ObjectLockMode": None, "ObjectLockRetainUntilDate": None},
        "governance lock": {"ObjectLockMode": "GOVERNANCE"},
        # A part of a day may count as a day.
        "too short a lock": {"ObjectLockRetainUntilDate": bench.now + timedelta(days=MIN_DAYS - 2)},
        "too long a lock": {"ObjectLockRetainUntilDate": bench.now + timedelta(days=cap + 2)},
        "another encryption": {"ServerSideEncryption": "AES256", "SSEKMSKeyId": None},
        "without If-None-Match": {"IfNoneMatch": None, "IfMatch": _ETAG},
    }
    return [(f"probe: {name}", partial(bench.put, **changes)) for name, changes in changed.items()]


def upload_in_parts(bench: Bench, prefix: str) -> Check:
    """Try to start an upload in parts, and abort it at once.

    Until then it has no part, is no object and in no listing of versions, and it becomes one only by two more calls.
    """
    s3, where = bench.clients.s3, {"Bucket": bench.target.bucket, "Key": f"{prefix}{bench.name}"}
    tried = attempt(s3.create_multipart_upload, **where)
    note = ""
    if tried.code is None:
        aborted = attempt(s3.abort_multipart_upload, **where, UploadId=tried.answer["UploadId"])
        note = (
            ", and aborted" if aborted.code is None else f"; abort {tried.answer['UploadId']} of {where['Key']}: {aborted.code}"
        )
    return judge_attempt("probe: upload in parts", tried, note)


def deletions(bench: Bench, prefix: str) -> list[Check]:
    """Try to delete, of a key that nobody has used, the version ``null``, which a bucket versioned from its birth never has.

    Such a delete names a version and therefore leaves no delete marker. One without a version would leave one, so it is tried
    with If-Match, which fails where there is no object; and only on AWS, as other stores may ignore that header on deletes. There
    the delete of a version stands for it.
    """
    call, where = bench.clients.s3.delete_object, {"Bucket": bench.target.bucket, "Key": f"{prefix}{bench.name}"}
    version = judge_attempt("probe: delete a version", attempt(call, **where, VersionId="null"))
    bypass = attempt(call, **where, VersionId="null", BypassGovernanceRetention=True)
    checks = [version, judge_attempt("probe: delete with bypass", bypass)]
    return [*checks, judge_attempt("probe: delete", attempt(call, **where, IfMatch="*"))] if bench.is_aws else checks


def legal_hold(bench: Bench, prefix: str) -> Check:
    """Try a legal hold on the same version that is not there: nothing can be held."""
    call, where = bench.clients.s3.put_object_legal_hold, {"Bucket": bench.target.bucket, "Key": f"{prefix}{bench.name}"}
    return judge_attempt("probe: legal hold", attempt(call, **where, VersionId="null", LegalHold={"Status": "ON"}))


def shorten(bench: Bench, prefixes: Iterable[str]) -> Check:
    """Try to shorten one COMPLIANCE lock by one second, and set it back at once if that was let through.

    It is never tried on a GOVERNANCE lock, nor on one with less than a week left. Setting it back is an extension, which every
    store allows; if even that fails, the lock is a second short and the report names the version.
    """
    name, s3, bucket = "probe: shorten a lock", bench.clients.s3, bench.target.bucket
    for prefix in prefixes:
        versions = attempt(s3.list_object_versions, Bucket=bucket, Prefix=prefix, MaxKeys=1)
        for version in (versions.answer or {}).get("Versions", []):
            where = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
            retention = (attempt(s3.get_object_retention, **where).answer or {}).get("Retention", {})
            until = retention.get("RetainUntilDate")
            if retention.get("Mode") != "COMPLIANCE" or until is None or until < bench.now + timedelta(days=7):
                continue
            tried = attempt(s3.put_object_retention, **where, Retention=_lock(until - timedelta(seconds=1)))
            note = ""
            if tried.code is None:
                restored = attempt(s3.put_object_retention, **where, Retention=_lock(until))
                note = ", and set back" if restored.code is None else f"; NOT set back ({restored.code}): {where}"
            return judge_attempt(name, tried, note)
    return not_tried(name, "no version under COMPLIANCE could be found")


def _lock(until: datetime) -> dict[str, Any]:
    return {"Mode": "COMPLIANCE", "RetainUntilDate": until}


def raw_signature(bench: Bench, name: str) -> Check:
    """Try to have a message signed that KMS would hash itself, as a dry run: KMS says whether it would, and signs nothing.

    Where dry runs are not known, the probe's own text is signed and thrown away; no document of ours is signed so.
    """
    call = partial(bench.clients.kms.sign, Message=_BODY, SigningAlgorithm="ECDSA_SHA_256", DryRun=True)
    tried = attempt(call, KeyId=bench.target.keys[name], MessageType="RAW")
    return judge_attempt(f"probe: raw signature, {name} key", tried)
