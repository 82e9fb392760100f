# SPDX-License-Identifier: Apache-2.0
"""Attacks on a copied folder: whoever hands it over can do all of this."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from datetime import timedelta

import pyarrow.parquet as pq
import rfc8785
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from tests.tamper.attack import CANNOT_CHECK, MISSING, TAMPERED, Attack, Verdict, judge
from tests.tamper.documents import seal_bytes, unchanged
from tests.tamper.scene import FIRST, LATE, SECOND, Keys
from tests.tamper.stage import Copied, Stage
from tieout.evidence.dsse import IN_TOTO
from tieout.evidence.index import SCHEMA, read_index, write_index
from tieout.evidence.key_list import PAYLOAD_TYPE
from tieout.evidence.layout import KEY_LIST, digest_key
from tieout.evidence.verify import Outcome
from tieout.times import instant

CHANGED = "its bytes were changed"
NOT_DIGESTED = "changed since"
REMOVED = "names it, and it is not there"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ATTACKS: list[Attack] = []
Do = Callable[[Copied], object]


def attack(group: str, title: str, outcome: Outcome, words: str) -> Callable[[Do], Do]:
    """Register an attack on a copy."""

    def register(do: Do) -> Do:
        def on(stage: Stage) -> Verdict:
            scene = stage.copied()
            do(scene)
            return judge(scene)

        ATTACKS.append(Attack(group, title, "copy", outcome, words, on))
        return do

    return register


def simple(group: str, title: str, outcome: Outcome, words: str, do: Do) -> None:
    """Register an attack of one line."""
    attack(group, title, outcome, words)(do)


def cut(scene: Copied, key: str, count: int) -> None:
    """Take bytes off a file's end."""
    scene.write(key, scene.read(key)[:-count])


# ---- Bytes and rows


@attack("bytes", "a byte of a part is flipped", TAMPERED, CHANGED)
def flip(scene: Copied) -> None:
    key = scene.marks.a.parts[0]
    data = bytearray(scene.read(key))
    data[len(data) // 2] ^= 1
    scene.write(key, bytes(data))


@attack("bytes", "a part is encoded anew, with the same rows", TAMPERED, CHANGED)
def encode_anew(scene: Copied) -> None:
    path = scene.path(scene.marks.a.parts[0])
    pq.write_table(pq.read_table(path, partitioning=None), path, compression="snappy")


@attack("rows", "a row is taken out, and the unsigned counts follow", TAMPERED, "does not match the payload")
def row_out(scene: Copied) -> None:
    key = scene.marks.b.parts[0]
    path = scene.path(key)
    pq.write_table(pq.read_table(path, partitioning=None).slice(1), path, compression="zstd")

    def change(said: dict[str, object]) -> None:
        for subject in said["subject"]:  # type: ignore[attr-defined]
            if subject["name"] == key:
                subject["digest"]["sha256"] = scene.sha256(key)

    scene.edit(scene.marks.b.manifest, change)


@attack("rows", "two parts are swapped", TAMPERED, CHANGED)
def swap(scene: Copied) -> None:
    one, other = scene.marks.a.parts[:2]
    first = scene.read(one)
    scene.write(one, scene.read(other))
    scene.write(other, first)


simple("bytes", "a part is cut short", TAMPERED, CHANGED, lambda scene: cut(scene, scene.marks.b.parts[0], 9))
simple("bytes", "a part is emptied", TAMPERED, CHANGED, lambda scene: scene.write(scene.marks.b.parts[0], b""))
simple("bytes", "a raw page is changed", TAMPERED, CHANGED, lambda scene: scene.write(scene.marks.a.raw, b"other"))
simple(
    "bytes", "a part is replaced by one of another landing", TAMPERED, CHANGED,
    lambda scene: scene.write(scene.marks.b.parts[0], scene.read(scene.marks.new.parts[0])),
)  # fmt: skip

# ---- What is not there any more

simple("removed", "a part", MISSING, "not there in the version", lambda scene: scene.remove(scene.marks.a.parts[1]))
simple("removed", "a raw page", MISSING, "not there in the version", lambda scene: scene.remove(scene.marks.b.raw))
simple("removed", "a manifest", MISSING, REMOVED, lambda scene: scene.remove(scene.marks.b.manifest))
simple(
    "removed", "a whole landing: manifest, parts and page", MISSING, REMOVED,
    lambda scene: scene.remove(scene.marks.b.manifest, *scene.marks.b.parts, scene.marks.b.raw),
)  # fmt: skip
simple(
    "removed", "a landing that was superseded", MISSING, "which is not there as it was",
    lambda scene: scene.remove(scene.marks.old.manifest, *scene.marks.old.parts, scene.marks.old.raw),
)  # fmt: skip
simple("removed", "the record of what did not land", MISSING, REMOVED, lambda scene: scene.remove(scene.marks.record))
simple(
    "removed", "that record and its raw page", MISSING, REMOVED,
    lambda scene: scene.remove(scene.marks.record, scene.marks.record_raw),
)  # fmt: skip
simple("removed", "a response", MISSING, REMOVED, lambda scene: scene.remove(scene.marks.response))
simple("removed", "what a person was shown", MISSING, REMOVED, lambda scene: scene.remove(scene.marks.presented))
simple("removed", "an index file", MISSING, REMOVED, lambda scene: scene.remove(scene.marks.indexes[0]))
simple("removed", "a file of the catalogue", MISSING, REMOVED, lambda scene: scene.remove(scene.marks.catalog))

# ---- Signatures and documents

simple(
    "signature", "stripped from a manifest", TAMPERED, "an envelope without one",
    lambda scene: scene.write_envelope(scene.marks.b.manifest, lambda envelope: envelope.update(signatures=[])),
)  # fmt: skip
simple(
    "signature", "emptied", TAMPERED, "does not match the payload",
    lambda scene: scene.write_envelope(scene.marks.b.manifest, lambda envelope: envelope["signatures"][0].update(sig="")),
)  # fmt: skip
simple(
    "signature", "taken from another manifest", TAMPERED, "does not match the payload",
    lambda scene: scene.write_envelope(
        scene.marks.b.manifest, lambda envelope: envelope.update(signatures=scene.envelope(scene.marks.a.manifest)["signatures"])
    ),
)  # fmt: skip
simple(
    "signature", "a second one beside it", TAMPERED, "expected one signature, got 2",
    lambda scene: scene.write_envelope(
        scene.marks.b.manifest,
        lambda envelope: envelope["signatures"].append({**envelope["signatures"][0], "keyid": "0" * 64}),
    ),
)  # fmt: skip


@attack("signature", "mirrored (n - s): valid, and another envelope", TAMPERED, NOT_DIGESTED)
def mirrored(scene: Copied) -> None:
    r, s = decode_dss_signature(base64.b64decode(scene.envelope(scene.marks.b.manifest)["signatures"][0]["sig"]))
    other = base64.b64encode(encode_dss_signature(r, ORDER - s)).decode()
    scene.write_envelope(scene.marks.b.manifest, lambda envelope: envelope["signatures"][0].update(sig=other))


simple(
    "document", "a count in a manifest is changed", TAMPERED, "does not match the payload",
    lambda scene: scene.edit(scene.marks.a.manifest, lambda said: said["predicate"].update(potential_deviations=3)),
)  # fmt: skip
simple(
    "document", "a manifest is written again with the same meaning", TAMPERED, "does not match the payload",
    lambda scene: scene.write_payload(
        scene.marks.a.manifest, json.dumps(scene.payload(scene.marks.a.manifest), indent=1).encode()
    ),
)  # fmt: skip
simple(
    "document", "a manifest repeats a key, signed by the landing key", TAMPERED, "repeats a key",
    lambda scene: scene.write(
        scene.marks.new.manifest,
        seal_bytes(
            rfc8785.dumps(scene.payload(scene.marks.new.manifest)).replace(b'{"_type"', b'{"_type":"x","_type"', 1),
            IN_TOTO, scene.keys.landing_next,
        ),
    ),
)  # fmt: skip
simple(
    "document", "a manifest is no JSON", TAMPERED, "expected JSON", lambda scene: scene.write(scene.marks.a.manifest, b"\xff{")
)
simple(
    "document", "a manifest of 17 MiB", TAMPERED, "expected a document of at most",
    lambda scene: scene.write(scene.marks.a.manifest, b"{" + b" " * 17 * 2**20),
)  # fmt: skip
simple(
    "document", "a manifest of ten thousand brackets", TAMPERED, "expected",
    lambda scene: scene.write(scene.marks.a.manifest, b"[" * 10_000),
)  # fmt: skip
simple(
    "document", "a record is changed", TAMPERED, "does not match the payload",
    lambda scene: scene.edit(scene.marks.record, lambda said: said.update(reason="All was well.")),
)  # fmt: skip
simple(
    "document", "a response is changed", TAMPERED, "does not match the payload",
    lambda scene: scene.edit(scene.marks.response, lambda said: said.update(answer={"keep": False})),
)  # fmt: skip
simple(
    "document",
    "what a person was shown is changed",
    TAMPERED,
    NOT_DIGESTED,
    lambda scene: scene.write(scene.marks.presented, b"{}"),
)
simple("document", "the bucket's README is changed", TAMPERED, NOT_DIGESTED, lambda scene: scene.write("README.md", b"Trust us."))
simple("document", "the bucket's LAYOUT is changed", TAMPERED, NOT_DIGESTED, lambda scene: scene.write("LAYOUT.json", b"{}"))
simple(
    "document",
    "a scope in the catalogue is changed",
    TAMPERED,
    NOT_DIGESTED,
    lambda scene: scene.write(scene.marks.catalog, b"x"),
)

# ---- Keys and scopes

for name, words in (
    ("stranger", "which the key list does not hold"),
    ("digest", "of scope digest"),
    ("response", "of scope response"),
    ("root", "which the key list does not hold"),
):
    simple(
        "key", f"a manifest signed by the {name} key", TAMPERED, words,
        lambda scene, name=name: scene.sign_again(scene.marks.new.manifest, unchanged, getattr(scene.keys, name)),
    )  # fmt: skip
simple(
    "key", "a response signed by the landing key", TAMPERED, "of scope landing",
    lambda scene: scene.sign_again(scene.marks.response, unchanged, scene.keys.landing_next),
)  # fmt: skip
simple(
    "key", "a digest signed by the landing key", TAMPERED, "of scope landing",
    lambda scene: scene.sign_again(scene.marks.digests[-1], unchanged, scene.keys.landing_next),
)  # fmt: skip
simple(
    "key", "a revoked key signs after its revocation", TAMPERED, "was not valid at",
    lambda scene: scene.late(scene.keys.landing),
)  # fmt: skip
simple(
    "key", "a stolen, revoked key dates a landing back: no digest names it", TAMPERED, "was not valid at",
    lambda scene: scene.late(scene.keys.landing, at=scene.begin - timedelta(minutes=50)),
)  # fmt: skip
simple(
    "key", "a key signs before it was valid", TAMPERED, "was not valid at",
    lambda scene: scene.late(scene.keys.landing_next, at=scene.begin - timedelta(days=9)),
)  # fmt: skip
simple("key list", "removed", MISSING, "is not there", lambda scene: scene.remove(*scene.marks.key_lists))
simple(
    "key list", "a key's validity is changed", TAMPERED, "does not match the payload",
    lambda scene: scene.edit(KEY_LIST, lambda said: said["keys"][0].update(valid_from="2020-01-01T00:00:00.000000Z")),
)  # fmt: skip
simple(
    "key list", "the revocation is rolled back: the second edition removed", TAMPERED, REMOVED,
    lambda scene: scene.remove(scene.marks.key_lists[1]),
)  # fmt: skip
simple("key list", "its first edition removed", MISSING, "is not there", lambda scene: scene.remove(KEY_LIST))
simple(
    "key list", "another root's list in its place", CANNOT_CHECK, "outside the bucket",
    lambda scene: scene.sign_again(
        KEY_LIST,
        lambda said: said.update(root={"keyid": scene.keys.stranger.keyid, "public_key": scene.keys.stranger.public_pem}),
        scene.keys.stranger,
    ),
)  # fmt: skip


@attack("key list", "an edition that drops a key, signed by the root", TAMPERED, "drops or alters key")
def drops(scene: Copied) -> None:
    said = scene.payload(scene.marks.key_lists[1])
    said["keys"] = [key for key in said["keys"] if key["keyid"] != scene.keys.landing.keyid]
    scene.write(scene.marks.key_lists[1], seal_bytes(rfc8785.dumps(said), PAYLOAD_TYPE, scene.keys.root))


simple("root", "no fingerprint is given", CANNOT_CHECK, "no trust root", lambda scene: setattr(scene.ask, "root", None))
simple(
    "root", "another fingerprint is given", CANNOT_CHECK, "outside the bucket", lambda scene: setattr(scene.ask, "root", "0" * 64)
)


def other_root(stage: Stage) -> Verdict:
    """Hand over a whole store, signed by keys of another root."""
    forged = stage.scene(keys=Keys(**vars(stage.others)))
    forged.ask.root = stage.keys.root.keyid
    return judge(forged)


ATTACKS.append(
    Attack("root", "the whole store signed again under another root", "S3", CANNOT_CHECK, "outside the bucket", other_root)
)

# ---- The chain


def head_known(do: Do) -> Do:
    """The auditor holds the hash of the last digest."""

    def with_head(scene: Copied) -> None:
        scene.ask.head = scene.announced_head()
        do(scene)

    return with_head


simple(
    "chain", "the last digest is dropped; its hash had been announced", MISSING, "announced outside the bucket",
    head_known(lambda scene: scene.remove(scene.marks.digests[-1])),
)  # fmt: skip
simple(
    "chain", "all digests but the first two are dropped", MISSING, "is not there",
    lambda scene: scene.remove(*scene.marks.digests[2:]),
)  # fmt: skip
simple("chain", "a digest in the middle is dropped", MISSING, "a digest was removed", lambda scene: scene.remove(digest_key(2)))
simple("chain", "the first digest is dropped", MISSING, "a digest was removed", lambda scene: scene.remove(digest_key(0)))
simple("chain", "there is no digest at all", MISSING, "there is none", lambda scene: scene.remove(*scene.marks.digests))
simple(
    "chain", "an entry is taken out of a digest", TAMPERED, "does not match the payload",
    lambda scene: scene.edit(digest_key(1), lambda said: said["entries"].pop()),
)  # fmt: skip
simple(
    "chain", "a digest's signature is stripped", MISSING, "an envelope without one",
    lambda scene: scene.write_envelope(scene.marks.digests[-1], lambda envelope: envelope.update(signatures=[])),
)  # fmt: skip
simple(
    "chain", "a thief of the digest key makes it anew without a landing; the head had been announced", MISSING,
    "announced outside the bucket",
    head_known(
        lambda scene: (
            scene.remove(scene.marks.b.manifest, *scene.marks.b.parts, scene.marks.b.raw, *scene.marks.indexes),
            scene.chain_again(),
        )
    ),
)  # fmt: skip
simple(
    "chain", "a digest names an object that is not there", MISSING, REMOVED,
    lambda scene: scene.next_digest(_names_nothing),
)  # fmt: skip
simple(
    "chain", "a digest's time runs backwards", TAMPERED, "a clock ran backwards",
    lambda scene: scene.next_digest(lambda said: said.update(to=instant(scene.begin - timedelta(minutes=10)))),
)  # fmt: skip
simple(
    "chain", "a digest that does not follow: forked", TAMPERED, "cut, reordered or forked",
    lambda scene: scene.next_digest(lambda said: said["previous"].update(sha256="0" * 64)),
)  # fmt: skip
simple(
    "chain", "a digest with false totals", TAMPERED, "totals are not those of the chain",
    lambda scene: scene.next_digest(lambda said: said["covered"].update(versions=1)),
)  # fmt: skip
simple(
    "chain", "a digest of another bucket", TAMPERED, "and the one before ended",
    lambda scene: scene.next_digest(lambda said: said.update(bucket="another")),
)  # fmt: skip
simple(
    "chain", "another first digest, signed by the digest key", TAMPERED, "not the first digest that the key list names",
    lambda scene: scene.sign_again(digest_key(0), lambda said: said.update(cadence_seconds=60), scene.keys.digest),
)  # fmt: skip


@attack("chain", "two digests are swapped", TAMPERED, "it was moved")
def swapped(scene: Copied) -> None:
    first, second = scene.read(digest_key(1)), scene.read(digest_key(2))
    scene.write(digest_key(1), second)
    scene.write(digest_key(2), first)


def _names_nothing(said: dict[str, object]) -> None:
    entry = {"key": "raw/ghost", "version_id": "v", "delete_marker": False, "bytes": 1, "sha256": "0" * 64, "lock": None}
    said["entries"] = [{**entry, "last_modified": said["to"]}]
    covered = dict(said["covered"])  # type: ignore[call-overload]
    said["covered"] = {**covered, "versions": covered["versions"] + 1, "bytes": str(int(covered["bytes"]) + 1)}


# ---- Moved, copied, added


def move(scene: Copied, change: Callable[[str], str]) -> None:
    """Move a whole landing to other keys."""
    for key in (scene.marks.b.manifest, *scene.marks.b.parts, scene.marks.b.raw):
        scene.path(change(key)).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(scene.path(key), scene.path(change(key)))


simple(
    "moved",
    "a landing into another period",
    TAMPERED,
    "it was moved",
    lambda scene: move(scene, lambda key: key.replace(FIRST, SECOND)),
)
simple(
    "moved", "a landing into another control", TAMPERED, "it was moved",
    lambda scene: move(scene, lambda key: key.replace("control=cc6_1_access", "control=cc9_9")),
)  # fmt: skip
simple(
    "moved", "a manifest copied into another window", TAMPERED, "it was moved",
    lambda scene: scene.write(
        scene.marks.b.manifest.replace("window=2026-05", "window=2026-04"), scene.read(scene.marks.b.manifest)
    ),
)  # fmt: skip
simple(
    "moved", "a response to another assignment", TAMPERED, "it was moved",
    lambda scene: scene.write(scene.marks.response.replace("assignment-1", "assignment-2"), scene.read(scene.marks.response)),
)  # fmt: skip
simple(
    "added", "a part that nobody names", MISSING, "no manifest names it",
    lambda scene: scene.write(scene.marks.b.parts[0].replace("-00000.", "-00007."), scene.read(scene.marks.b.parts[0])),
)  # fmt: skip
simple(
    "added", "a raw page that nobody names", MISSING, "no manifest names it",
    lambda scene: scene.write(scene.marks.b.raw.replace("page-00000", "page-00007"), b"x"),
)  # fmt: skip
simple(
    "added",
    "an object that the layout does not have",
    TAMPERED,
    "the layout has no such object",
    lambda scene: scene.write("x.txt", b"x"),
)
simple(
    "added", "a file under manifests/ that is no document", TAMPERED, "the layout has no such object",
    lambda scene: scene.write(f"manifests/{LATE.partition}/note.txt", b"x"),
)  # fmt: skip
simple(
    "added", "a response after the period's final digest", TAMPERED, "added after close",
    lambda scene: scene.late_response(),
)  # fmt: skip
simple(
    "added", "a manifest whose subject climbs out of the copy", CANNOT_CHECK, "malformed",
    lambda scene: scene.late(change=lambda said: said["subject"][0].update(name="evidence/../../outside")),
)  # fmt: skip


@attack("added", "a part is a link that leads out of the copy", MISSING, "not there in the version")
def link(scene: Copied) -> None:
    path = scene.path(scene.marks.b.parts[0])
    outside = scene.folder.parent / "outside"
    shutil.move(path, outside)
    path.symlink_to(outside)


# ---- The index


@attack("index", "a row says fewer rows; digested so by a lying digest principal", TAMPERED, "disagrees with the manifest: rows")
def index_row(scene: Copied) -> None:
    key = scene.marks.indexes[0]
    rows = read_index(scene.read(key), key).to_pylist()
    rows[0]["rows"] -= 1
    scene.write(key, write_index(SCHEMA.empty_table().from_pylist(rows, schema=SCHEMA)))
    scene.chain_again()


simple("index", "a file is no Parquet", TAMPERED, NOT_DIGESTED, lambda scene: scene.write(scene.marks.indexes[0], b"PAR1"))


@attack("succession", "two landings stand in one slot, signed by the landing key", CANNOT_CHECK, "neither supersedes the other")
def twin(scene: Copied) -> None:
    key = scene.late()
    said = scene.payload(key)
    landing = said["predicate"]["landing"]
    other = f"{landing[:-4]}{'0000' if landing[-4:] != '0000' else '1111'}"
    for subject in said["subject"]:
        scene.write(subject["name"].replace(landing, other), scene.read(subject["name"]))
    text = rfc8785.dumps(said).replace(landing.encode(), other.encode())
    scene.write(key.replace(landing, other), seal_bytes(text, IN_TOTO, scene.keys.landing_next))
