# SPDX-License-Identifier: Apache-2.0
"""Reading, changing and signing anew what stands in a scene: what an attacker with this or that key can do."""

from __future__ import annotations

import base64
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785
from securesystemslib.dsse import Envelope

from tests.tamper.scene import CADENCE, LATE, Keys, Marks
from tieout.evidence import signed
from tieout.evidence.dsse import IN_TOTO
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import landing_id
from tieout.evidence.layout import Place
from tieout.evidence.sources import Evidence
from tieout.evidence.verify import Report, verify
from tieout.times import instant

Statement = dict[str, Any]
Change = Callable[[Statement], object]


def unchanged(_said: Statement) -> None:
    """Change nothing."""


def seal_bytes(payload: bytes, payload_type: str, signer: DocumentSigner) -> bytes:
    """Sign any bytes, also such as no program of ours would sign."""
    envelope = Envelope(payload, payload_type, {})
    envelope.sign(signer.signer)
    return json.dumps(envelope.to_dict(), indent=1, sort_keys=True).encode() + b"\n"


@dataclass
class Ask:
    """What the auditor asks with."""

    root: str | None
    head: str | None = None
    now: datetime | None = None


class Scene(ABC):
    """A scene that an attack is done to: in a bucket, or in a copied folder."""

    def __init__(self, marks: Marks, keys: Keys, bucket: str, begin: datetime) -> None:
        self.marks, self.keys, self.bucket, self.begin = marks, keys, bucket, begin
        self.ask = Ask(keys.root.keyid)

    @abstractmethod
    def read(self, key: str) -> bytes:
        """Return the bytes that landed under a key."""

    @abstractmethod
    def write(self, key: str, data: bytes) -> str:
        """Put bytes under a key: over those of a file, as a new version in a bucket; returns the version."""

    @abstractmethod
    def evidence(self, *, quick: bool = False) -> Evidence:
        """Return where verification reads."""

    def verify(self, *, quick: bool = False) -> Report:
        """Verify everything as the auditor asks."""
        now = self.ask.now or datetime.now(UTC)
        return verify(self.evidence(quick=quick), self.ask.root, now=now, head=self.ask.head, quick=quick)

    def envelope(self, key: str) -> Statement:
        """Return a signed document as parsed JSON."""
        return dict(json.loads(self.read(key)))

    def payload(self, key: str) -> Statement:
        """Return what a signed document says."""
        return dict(json.loads(base64.b64decode(self.envelope(key)["payload"])))

    def sha256(self, key: str) -> str:
        """Return the hash of what landed under a key."""
        return hashlib.sha256(self.read(key)).hexdigest()

    def announced_head(self) -> str:
        """Return the hash of the last digest: what reached the auditor outside the bucket."""
        return self.sha256(self.marks.digests[-1])

    def write_envelope(self, key: str, change: Change) -> str:
        """Change a signed document's envelope; returns its key."""
        envelope = self.envelope(key)
        change(envelope)
        self.write(key, json.dumps(envelope).encode())
        return key

    def write_payload(self, key: str, payload: bytes) -> str:
        """Change a signed document's payload and leave its signature; returns its key."""
        return self.write_envelope(key, lambda envelope: envelope.update(payload=base64.b64encode(payload).decode()))

    def edit(self, key: str, change: Change) -> str:
        """Change what a signed document says and leave its signature; returns its key."""
        said = self.payload(key)
        change(said)
        return self.write_payload(key, rfc8785.dumps(said))

    def sign_again(self, key: str, change: Change, signer: DocumentSigner) -> str:
        """Change what a signed document says and sign it, without asking our schema; returns its key."""
        said = self.payload(key)
        change(said)
        self.write(key, seal_bytes(rfc8785.dumps(said), self.envelope(key)["payloadType"], signer))
        return key

    def late_statement(self, place: Place = LATE, at: datetime | None = None) -> Statement:
        """Put a page and a part of one more landing in place, and return what its manifest would say."""
        said = self.payload(self.marks.new.manifest)
        landing = landing_id("github", {"late": str(place)})
        predicate = said["predicate"]
        predicate["control"]["id"], predicate["window"]["key"] = place.control, place.window
        predicate |= {"landing": landing, "manifest_key": place.manifest(landing), "supersedes": None}
        predicate["times"]["landed_at"]["at"] = instant(at or datetime.now(UTC))
        keys = {
            self.marks.new.parts[0]: place.part("thing", landing, 0),
            self.marks.new.raw: place.raw(landing, "page-00000.json"),
        }
        for subject in said["subject"]:
            source, subject["name"] = subject["name"], keys[subject["name"]]
            subject["annotations"]["version_id"] = self.write(subject["name"], self.read(source))
        return said

    def late(self, signer: DocumentSigner | None = None, change: Change = unchanged, at: datetime | None = None) -> str:
        """Add one more landing, signed by whoever; returns the key of its manifest."""
        said = self.late_statement(at=at)
        key = str(said["predicate"]["manifest_key"])
        change(said)
        self.write(key, seal_bytes(rfc8785.dumps(said), IN_TOTO, signer or self.keys.landing_next))
        return key

    def late_response(self, change: Change = unchanged, signer: DocumentSigner | None = None) -> str:
        """Add a response of the first period now, after its last digest; returns its key."""
        said = self.payload(self.marks.response)
        now = {"at": instant(datetime.now(UTC)), "attested_by": "asserted by the entity"}
        said |= {"response": "response-2", "key": self.marks.response.replace("response-1", "response-2")}
        said |= {"acted_at": now, "stored_at": now}
        change(said)
        data = seal_bytes(rfc8785.dumps(said), signed.RESPONSE.payload_type, signer or self.keys.response)
        self.write(said["key"], data)
        return str(said["key"])

    def next_digest(self, change: Change = unchanged, signer: DocumentSigner | None = None) -> str:
        """Add a digest that names nothing, after the last one; returns its key."""
        before = self.payload(self.marks.digests[-1])
        key = before["key"].replace(f"{before['sequence']:012}", f"{before['sequence'] + 1:012}")
        link = {"key": before["key"], "sha256": self.announced_head(), "version_id": self.version(before["key"])}
        said = {**before, "key": key, "sequence": before["sequence"] + 1, "from": before["to"], "previous": link}
        said |= {"entries": [], "closes": [], "cadence_seconds": CADENCE}
        change(said)
        self.write(key, seal_bytes(rfc8785.dumps(said), signed.DIGEST.payload_type, signer or self.keys.digest))
        return key

    def version(self, key: str) -> str:
        """Return the version that landed under a key; in a copy, any."""
        return f"version of {key}"
