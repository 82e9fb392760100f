# SPDX-License-Identifier: Apache-2.0
"""The check of the access record: does a CloudTrail trail record who reads and writes which object?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tieout.evidence.doctor.facts import TrailFacts
from tieout.evidence.doctor.report import Check, Refusal, judge, unread

_OBJECT = "AWS::S3::Object"
_EXPECTED = "every read and write of an object, validated, logging"


def check_trails(trails: Sequence[TrailFacts] | Refusal, buckets: Mapping[str, str | None]) -> list[Check]:
    """Check that the objects of each bucket are in a trail's data events.

    Args:
        trails: The trail of the stack, or every trail that can be seen.
        buckets: Name of each bucket, by what it is.
    """
    checks = []
    for what, bucket in buckets.items():
        name = f"access record: {what}"
        if isinstance(trails, Refusal):
            checks.append(unread(name, _EXPECTED, trails))
        elif bucket is None:
            checks.append(unread(name, _EXPECTED, Refusal("no such bucket was named")))
        else:
            checks.append(_check(name, bucket, trails))
    return checks


def _check(name: str, bucket: str, trails: Sequence[TrailFacts]) -> Check:
    covering = [trail for trail in trails if _covers(trail, bucket)]
    if not covering:
        return judge(name, _EXPECTED, f"no data events of {bucket} in {len(trails)} trails", holds=False)
    for facts in covering:
        if facts.logging and facts.trail.get("LogFileValidationEnabled") is True:
            return judge(name, _EXPECTED, f"by {facts.trail.get('Name')}, validated, logging", holds=True)
    facts = covering[0]
    off = "not logging" if not facts.logging else "logging, its files not validated"
    return judge(name, _EXPECTED, f"by {facts.trail.get('Name')}, {off}", holds=False)


def _covers(facts: TrailFacts, bucket: str) -> bool:
    arn = f":s3:::{bucket}/"
    advanced = any(_selects(selector.get("FieldSelectors", []), arn) for selector in facts.advanced)
    return advanced or any(
        selector.get("ReadWriteType", "All") == "All"
        and any(
            resource.get("Type") == _OBJECT and any(_starts(arn, value) for value in resource.get("Values", []))
            for resource in selector.get("DataResources", [])
        )
        for selector in facts.basic
    )


def _selects(fields: Sequence[Mapping[str, Any]], arn: str) -> bool:
    """Say whether an advanced selector takes in every data event of a bucket's objects: a field that narrows it down does not."""
    by_field = {str(field.get("Field")): field for field in fields}
    if by_field.keys() - {"eventCategory", "resources.type", "resources.ARN"}:
        return False
    category = by_field.get("eventCategory", {}).get("Equals") == ["Data"]
    objects = by_field.get("resources.type", {}).get("Equals") == [_OBJECT]
    narrowed = by_field.get("resources.ARN")
    whole = narrowed is None or any(_starts(arn, prefix) for prefix in narrowed.get("StartsWith", []))
    return category and objects and whole


def _starts(arn: str, prefix: str) -> bool:
    """Say whether every object of a bucket starts with a prefix, whatever the partition: ``arn:aws:s3`` takes in all buckets."""
    _, _, rest = prefix.partition(":s3:::")
    return ":s3" in prefix and arn.removeprefix(":s3:::").startswith(rest)
