# SPDX-License-Identifier: Apache-2.0
"""The doctor's report: settings, store, clock, what was tried, and when all is well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from tests.unit.evidence.doctor_facts import DENIED, FACTS, SSE, STRONG, TARGET, by_name, deny, policy

from tieout.evidence.doctor import Check, Outcome, Report, Target, check_facts, target_from_outputs
from tieout.evidence.doctor.attempt import Attempt, attempt, judge_attempt
from tieout.evidence.doctor.facts import Facts
from tieout.evidence.doctor.reach import clock_offset
from tieout.evidence.doctor.read import ask
from tieout.evidence.doctor.report import Refusal
from tieout.settings import Settings

KMS = Settings(sse="aws:kms", sse_key_id=SSE)


def general(facts: Facts = FACTS, settings: Settings = KMS) -> dict[str, Check]:
    return by_name(check_facts(facts, TARGET, settings))


def test_the_settings_have_to_fit_the_bucket() -> None:
    names = ("store", "clock", "settings: retention", "settings: encryption")
    assert {general()[name].outcome for name in names} == {Outcome.AS_EXPECTED}
    assert general(settings=replace(KMS, sse="AES256"))["settings: encryption"].outcome is Outcome.WEAKER
    assert general(settings=replace(KMS, sse_key_id="alias/x"))["settings: encryption"].outcome is Outcome.WEAKER
    assert general(settings=replace(KMS, retention_mode="GOVERNANCE"))["settings: retention"].outcome is Outcome.WEAKER


@pytest.mark.parametrize(("years", "cap", "found"), [(1, 12, "Short denies 274 days"), (7, 20, "Long denies 7320 days")])
def test_a_retention_that_the_policy_would_refuse_is_said_before_a_landing_fails(years: int, cap: int, found: str) -> None:
    days = "s3:object-lock-remaining-retention-days"
    short = deny("s3:PutObject", "arn:aws:s3:::evidence/*", {"NumericLessThan": {days: 365}}, Sid="Short")
    long = deny("s3:PutObject", "arn:aws:s3:::evidence/*", {"NumericGreaterThan": {days: 4392}}, Sid="Long")
    facts = replace(FACTS, evidence=replace(STRONG, policy=policy(short, long)))
    assert general(facts)["settings: retention"].outcome is Outcome.AS_EXPECTED
    check = general(facts, replace(KMS, retention_years=years, retention_cap_years=cap))["settings: retention"]
    assert check.outcome is Outcome.WEAKER
    assert found in check.found


@pytest.mark.parametrize(
    ("endpoint", "environment", "outcome"),
    [
        ("https://s3.eu-central-1.amazonaws.com", "production", Outcome.AS_EXPECTED),
        ("https://s3.eu-central-1.amazonaws.com", "embedded", Outcome.WEAKER),
        ("http://127.0.0.1:8333", "production", Outcome.WEAKER),
        ("http://localhost:8333", "production", Outcome.WEAKER),
        ("http://[::1]:8333", "production", Outcome.WEAKER),
        ("https://s3.example.com", "production", Outcome.CANNOT_CHECK),
        ("https://amazonaws.com.example.com", "production", Outcome.CANNOT_CHECK),
    ],
)
def test_a_store_on_this_machine_is_weaker_and_says_why(endpoint: str, environment: str, outcome: Outcome) -> None:
    check = general(replace(FACTS, endpoint=endpoint), replace(KMS, environment=environment))["store"]
    assert check.outcome is outcome
    if outcome is Outcome.WEAKER:
        assert "enforces locks at its S3 API only" in check.found


@pytest.mark.parametrize(
    ("offset", "outcome"), [(4.9, Outcome.AS_EXPECTED), (-61.0, Outcome.WEAKER), (DENIED, Outcome.CANNOT_CHECK)]
)
def test_a_clock_that_is_off_is_weaker(offset: float | Refusal, outcome: Outcome) -> None:
    assert general(replace(FACTS, clock_offset=offset))["clock"].outcome is outcome


def test_the_clocks_are_compared_by_the_date_header() -> None:
    now = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
    headers = {"date": "Tue, 24 Nov 2026 12:01:00 GMT"}
    s3 = SimpleNamespace(get_bucket_versioning=lambda **_: {"ResponseMetadata": {"HTTPHeaders": headers}})
    ticks = iter([now, now + timedelta(seconds=2)])
    assert clock_offset(ask, s3, "b", lambda: next(ticks)) == 59.0


def test_a_bucket_that_a_strict_policy_can_not_be_parsed_of_still_gets_its_other_checks() -> None:
    odd = policy(deny("s3:*", "*", {"ForAnyValue:StringEquals": {"k": "v"}}))
    checks = general(replace(FACTS, evidence=replace(STRONG, policy=odd)))
    assert checks["bucket: lock"].outcome is Outcome.AS_EXPECTED
    assert checks["policy: TLS only"].outcome is Outcome.CANNOT_CHECK
    assert "ForAnyValue" in checks["policy: TLS only"].found


def test_a_report_is_well_only_if_everything_could_be_checked() -> None:
    def report(*outcomes: Outcome) -> Report:
        return Report((), tuple(Check("n", "e", "f", outcome) for outcome in outcomes))

    assert report(Outcome.AS_EXPECTED, Outcome.AS_EXPECTED).all_as_expected
    assert not report(Outcome.AS_EXPECTED, Outcome.CANNOT_CHECK).all_as_expected
    assert not report(Outcome.AS_EXPECTED, Outcome.WEAKER).all_as_expected
    assert not report().all_as_expected


def test_a_stack_names_what_was_not_given() -> None:
    outputs = {"EvidenceBucket": "e", "StagingBucket": "s", "SseKeyArn": "k", "WriterRoleArn": "w", "AccessTrailArn": "t"}
    given = Target(bucket="", staging_bucket="mine", keys={"landing": "l"})
    target = target_from_outputs(outputs, given)
    assert (target.bucket, target.staging_bucket, target.drop_bucket, target.trail) == ("e", "mine", None, "t")
    assert (target.keys, target.roles) == ({"encryption": "k", "landing": "l"}, {"writer": "w"})


class _Refused(Exception):
    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": message}}


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("AccessDenied", Outcome.AS_EXPECTED),
        ("BadDigest", Outcome.WEAKER),
        ("PreconditionFailed", Outcome.WEAKER),
        ("NoSuchVersion", Outcome.WEAKER),
        ("DryRunOperationException", Outcome.WEAKER),
        ("InvalidArgument", Outcome.CANNOT_CHECK),
        ("SlowDown", Outcome.CANNOT_CHECK),
    ],
)
def test_only_a_refusal_is_as_expected(code: str, outcome: Outcome) -> None:
    def call() -> None:
        raise _Refused(code)

    assert judge_attempt("probe: x", attempt(call)).outcome is outcome
    assert judge_attempt("probe: x", Attempt(None)).outcome is Outcome.WEAKER


def test_a_refusal_says_which_policy_it_was_where_the_store_tells() -> None:
    def call() -> None:
        raise _Refused("AccessDenied", "User: x is not authorized with an explicit deny in a resource-based policy")

    assert attempt(call).found == "refused (AccessDenied, bucket policy)"


def test_an_error_of_ours_is_not_an_answer() -> None:
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ask(lambda: 1 / 0)
