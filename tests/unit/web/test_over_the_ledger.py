# SPDX-License-Identifier: Apache-2.0
"""The pages over the campaigns' own desk and a bucket: what is stored is what was shown and said, and under whose name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import boto3
import pytest
import rfc8785
from tests.simulators.memory_s3 import memory_s3
from tests.unit.campaigns.scene import A1, B1, Signers
from tests.unit.evidence.signed_copy import key_list_of, listed
from tests.unit.slack.desk_bench import NOW, REVIEW, Bench
from tests.unit.web.browsing import USERS, SimpleUser, World, form_in

from tieout.campaigns.ledger import Ledger
from tieout.evidence.keys import Scope, generate_key
from tieout.evidence.layout import Class, class_of
from tieout.evidence.store import S3Store

_NUMBERS = count()
MINE = f"/tieout/campaigns/{REVIEW.campaign}/{A1}"


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Signers:
    """Return keys that have been valid for some days."""
    folder = tmp_path_factory.mktemp("keys")
    made = {name: generate_key(folder / f"{name}.pem") for name in ("landing", "response", "stranger")}
    since = datetime.now(UTC) - timedelta(days=90)
    entries = [listed(made[name], Scope(name), valid_from=since) for name in ("landing", "response")]
    return Signers(**made, key_list=key_list_of("0" * 64, *entries))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Return a client of a store without buckets."""
    with memory_s3():
        yield boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1").client("s3")


@pytest.fixture
def bench(client: Any, signers: Signers) -> Bench:
    """Return a campaign that was opened, in a bucket of its own."""
    bucket = f"evidence-web-{next(_NUMBERS)}"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    return Bench(S3Store(client, bucket), signers, REVIEW)


@pytest.fixture
def over(bench: Bench) -> Iterator[World]:
    """Return pages over that campaign, whose people are known by the first letter of their address."""
    USERS.update({letter: SimpleUser(f"{letter}@shop.example") for letter in "abcz"})
    world = World(site={"desk": lambda: bench.desk, "person_of": lambda address: address[0], "now": lambda: NOW})
    yield world
    world.pool.close()


def test_what_is_stored_is_what_was_shown_and_said(over: World, bench: Bench) -> None:
    assert "0 of 3 accounts decided" in over.get("/tieout/", user="a").text
    form = form_in(over.get(MINE, user="a")).choose("keep").choose("revoke", "left", 2)
    receipt = over.post(form, user="a")
    assert receipt.status_code == 200
    [said] = bench.responses()
    assert said["person"] == "a"
    assert said["channel"] == {"kind": "airflow", "signature_checked": False}
    assert said["answer"]["measured"] == {"dwell_ms": 0, "batch": 3}
    key = next(each for each in bench.store.keys("responses/") if class_of(each) is Class.PRESENTED)
    assert said["presented_sha256"] in key
    shown = (bench.store.read(key, None) or b"").decode()
    assert rfc8785.dumps("airflow page").decode() in shown
    assert "Somebody" not in shown
    fresh = Ledger(REVIEW, bench.store, bench.signers.key_list)
    fresh.refresh()
    assert fresh.state.progress(A1).decided == 3
    assert "That is all" in over.get(MINE, user="a").text
    assert over.post(form, user="a").text == receipt.text
    assert len(bench.responses()) == 1


def test_whom_it_is_about_or_not_given_to_sees_nothing(over: World, bench: Bench) -> None:
    form = form_in(over.get(MINE, user="a")).choose("keep")
    for user in "bcz":
        assert over.get(MINE, user=user).status_code == 404
        assert over.post(form, user=user).status_code == 404
    assert over.get(f"/tieout/campaigns/{REVIEW.campaign}/{B1}", user="c").status_code == 404
    assert bench.responses() == []


def test_an_answer_is_changed_by_another_one(over: World, bench: Bench) -> None:
    over.post(form_in(over.get(MINE, user="a")).choose("keep"), user="a")
    again = over.get(f"{MINE}?item=i3&item=i1", user="a")
    assert again.status_code == 200
    over.post(form_in(again).choose("later").choose("revoke", "after all", 1), user="a")
    said = [[line["decision"] for line in each["answer"]["decisions"]] for each in bench.responses()]
    assert sorted(said) == [["keep", "keep", "keep"], ["revoke"]]
