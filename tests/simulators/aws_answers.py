# SPDX-License-Identifier: Apache-2.0
"""The operations of AWS that moto does not have, answered in the shapes of botocore's own service models."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.simulators import aws_things as things
from tests.simulators.aws_things import Things
from tests.simulators.vendor import Reply

_IAM = "https://iam.amazonaws.com/doc/2010-05-08/"
_EC2 = "http://ec2.amazonaws.com/doc/2016-11-15/"


@dataclass(frozen=True)
class Asked:
    """A request to AWS, read: ``given`` is its JSON body, its form, or its query."""

    service: str
    operation: str
    region: str
    path: str
    given: dict[str, Any] = field(repr=False)


def answer_to(asked: Asked, known: Things) -> Reply | None:
    """Return the answer to an operation that stands here; ``None`` where it is moto's."""
    for service, operation, answered in _ANSWERS:
        if (asked.service, asked.operation) == (service, operation):
            return answered(asked, known)
    return None


def error(code: str, status: int = 400, message: str = "told to") -> Reply:
    """Return an error as the JSON services word it."""
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}
    return Reply(status, {"__type": code, "message": message, "Message": message, "code": code}, headers)


def query_error(code: str, status: int = 400) -> Reply:
    """Return an error as IAM and STS word it."""
    return _xml(
        "ErrorResponse", f"<Error><Type>Sender</Type><Code>{code}</Code><Message>told to</Message></Error>", status=status
    )


def operation_of(service: str, method: str, url: str, target: str, body: bytes) -> tuple[str, dict[str, Any]]:
    """Return which operation is asked for, and what is given: by target, by form, or by path."""
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    if target:
        return target.rpartition(".")[2], json.loads(body or b"{}")
    form = dict(parse_qsl(body.decode(errors="replace"))) if service in ("iam", "sts", "ec2") else {}
    if "Action" in form:
        return form["Action"], form
    given = {**query, **(json.loads(body) if body.startswith(b"{") else {})}
    return _PATHS.get((service, method, _shape(urlsplit(url).path)), ""), given


def _shape(path: str) -> str:
    parts = path.strip("/").split("/")
    if parts[0] == "detector" and len(parts) > 1:
        parts[1] = "*"
    return "/".join(parts)


_PATHS = {
    ("guardduty", "GET", "detector"): "ListDetectors",
    ("guardduty", "POST", "detector/*/findings"): "ListFindings",
    ("guardduty", "POST", "detector/*/findings/get"): "GetFindings",
    ("guardduty", "POST", "detector/*/findings/statistics"): "GetFindingsStatistics",
    ("securityhub", "POST", "findings"): "GetFindings",
    ("backup", "GET", "resources"): "ListProtectedResources",
    ("backup", "GET", "backup-jobs"): "ListBackupJobs",
    ("backup", "GET", "copy-jobs"): "ListCopyJobs",
    ("backup", "GET", "restore-jobs"): "ListRestoreJobs",
}


def _page(asked: Asked, items: Iterable[Any], name: str, token: str = "NextToken", size: int = 50, **more: Any) -> Reply:
    """Return a page of items, with a token for the next where there are more."""
    start = int(asked.given.get(token) or asked.given.get("nextToken") or 0)
    part: list[Any] = []
    for place, item in enumerate(items):
        if place >= start + size:
            return Reply(200, {name: part, token: str(start + size), **more})
        if place >= start:
            part.append(item)
    return Reply(200, {name: part, **more})


def _seconds(value: datetime | None) -> float | None:
    return value.timestamp() if value else None


def _time(value: Any) -> datetime:
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return datetime.fromisoformat(str(value).replace("Z", "+00:00")).astimezone(UTC)


def _stripped(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}


# -- GuardDuty, Security Hub


def _detectors(asked: Asked, known: Things) -> Reply:
    return Reply(200, {"detectorIds": [known.detector(asked.region)] if asked.region in known.regions else []})


def _since(asked: Asked) -> datetime:
    criterion = asked.given.get("findingCriteria", {}).get("criterion", {}).get("updatedAt", {})
    return _time(criterion.get("greaterThanOrEqual", 0) / 1000)


def _finding_ids(asked: Asked, known: Things) -> Reply:
    return _page(
        asked, (known.finding_id(each) for each in known.findings(asked.region, _since(asked))), "findingIds", "nextToken"
    )


def _findings(asked: Asked, known: Things) -> Reply:
    ids = asked.given["findingIds"]
    if len(ids) > 50:
        return error("BadRequestException")
    return Reply(200, {"findings": [known.finding(known.number_of(each), asked.region) for each in ids]})


def _statistics(asked: Asked, known: Things) -> Reply:
    counts: dict[int, int] = {}
    for each in known.findings(asked.region, _since(asked)):
        counts[known.severity(each)] = counts.get(known.severity(each), 0) + 1
    assert asked.given["groupBy"] == "SEVERITY"
    when = _seconds(known.company.end)
    groups = [{"severity": severity, "totalFindings": total, "lastGeneratedAt": when} for severity, total in counts.items()]
    return Reply(200, {"findingStatistics": {"groupedBySeverity": groups}})


def _hub(asked: Asked, known: Things) -> Reply:
    filters = asked.given["Filters"]
    if "Id" in filters:
        if len(filters["Id"]) > 20:
            return error("InvalidInputException")
        numbers = [known.number_of(each["Value"].rpartition("/")[2]) for each in filters["Id"]]
        return _page(asked, (known.followed(each, asked.region) for each in numbers), "Findings", size=10)
    span = filters["CreatedAt"][0]
    found = list(known.vulnerabilities(asked.region, _time(span["Start"]), _time(span["End"])))
    if asked.given["SortCriteria"][0]["SortOrder"] == "desc":
        found.reverse()
    return _page(asked, found, "Findings", size=10)


# -- CloudWatch, Systems Manager


def _history(asked: Asked, known: Things) -> Reply:
    items = list(known.alarm_history(asked.region, _time(asked.given["StartDate"]), _time(asked.given["EndDate"])))
    if asked.given["ScanBy"] == "TimestampDescending":
        items.reverse()
    return _page(asked, ({**each, "Timestamp": _seconds(each["Timestamp"])} for each in items), "AlarmHistoryItems")


def _ops_items(asked: Asked, known: Things) -> Reply:
    since = _time(asked.given["OpsItemFilters"][0]["Values"][0])
    times = ("CreatedTime", "LastModifiedTime")
    items = (each for each in known.ops_items(asked.region) if each["CreatedTime"] > since)
    return _page(asked, ({**each, **{name: _seconds(each[name]) for name in times}} for each in items), "OpsItemSummaries")


# -- Backup


def _jobs(items: Callable[[Things, str], Iterator[dict[str, Any]]], name: str, state: str) -> Callable[[Asked, Things], Reply]:
    def answered(asked: Asked, known: Things) -> Reply:
        after, before = (asked.given.get(each) for each in ("createdAfter", "createdBefore"))
        wanted = asked.given.get("state") or asked.given.get("status")
        found = (
            _stripped({**each, **{when: _seconds(each[when]) for when in ("CreationDate", "CompletionDate")}})
            for each in items(known, asked.region)
            if (not after or each["CreationDate"] >= _time(after))
            and (not before or each["CreationDate"] < _time(before))
            and wanted in (None, each[state])
        )
        return _page(asked, found, name, size=100)

    return answered


def _protected(asked: Asked, known: Things) -> Reply:
    last = _seconds(known.company.end - timedelta(days=1))
    items = (
        {"ResourceArn": each, "ResourceType": each.split(":")[2], "LastBackupTime": last} for each in known.stores(asked.region)
    )
    return _page(asked, items, "Results")


# -- CloudTrail, Config


def _events(asked: Asked, known: Things) -> Reply:
    name = asked.given["LookupAttributes"][0]["AttributeValue"]
    since, until = _time(asked.given["StartTime"]), _time(asked.given["EndTime"])
    found = [each for each in known.events(asked.region) if each["EventName"] == name and since <= each["EventTime"] <= until]
    return _page(asked, ({**each, "EventTime": _seconds(each["EventTime"])} for each in reversed(found)), "Events")


def _evaluations(asked: Asked, known: Things) -> Reply:
    kinds = things.RULES.get(asked.given["ConfigRuleName"])
    if kinds is None:
        return error("NoSuchConfigRuleException")
    when = _seconds(known.company.end - timedelta(days=40))
    found = (
        {
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": {
                    "ConfigRuleName": asked.given["ConfigRuleName"],
                    "ResourceType": kind,
                    "ResourceId": name,
                },
                "OrderingTimestamp": when,
            },
            "ComplianceType": "NON_COMPLIANT" if known.is_unencrypted(kind, name) else "COMPLIANT",
            "ResultRecordedTime": when,
            "ConfigRuleInvokedTime": when,
        }
        for kind, name in known.resources(asked.region)
        if kind in kinds
    )
    return _page(asked, found, "EvaluationResults", size=10)


def _discovered(asked: Asked, known: Things) -> Reply:
    found = [name for kind, name in known.resources(asked.region) if kind == asked.given["resourceType"]]
    items = ({"resourceType": asked.given["resourceType"], "resourceId": name} for name in found)
    return _page(asked, items, "resourceIdentifiers", "nextToken", size=5)


def _discovered_counts(asked: Asked, known: Things) -> Reply:
    kinds = [kind for kind, _ in known.resources(asked.region) if kind in asked.given["resourceTypes"]]
    counts = [{"resourceType": kind, "count": kinds.count(kind)} for kind in dict.fromkeys(kinds)]
    return Reply(200, {"totalDiscoveredResources": len(kinds), "resourceCounts": counts})


# -- IAM, EC2


def _xml(name: str, inner: str, namespace: str = _IAM, status: int = 200) -> Reply:
    end = "" if "<requestId>" in inner else "<ResponseMetadata><RequestId>0-1</RequestId></ResponseMetadata>"
    text = f'<{name} xmlns="{namespace}">{inner}{end}</{name}>'
    return Reply(status, None, {"Content-Type": "text/xml"}, raw=text.encode())


def _simulated(asked: Asked, _known: Things) -> Reply:
    actions = [value for name, value in asked.given.items() if name.startswith("ActionNames.member.")]
    members = "".join(
        f"<member><EvalActionName>{each}</EvalActionName><EvalResourceName>*</EvalResourceName>"
        "<EvalDecision>implicitDeny</EvalDecision></member>"
        for each in actions
    )
    inner = f"<IsTruncated>false</IsTruncated><EvaluationResults>{members}</EvaluationResults>"
    return _xml("SimulatePrincipalPolicyResponse", f"<SimulatePrincipalPolicyResult>{inner}</SimulatePrincipalPolicyResult>")


def _regions(_asked: Asked, known: Things) -> Reply:
    items = "".join(
        f"<item><regionName>{each}</regionName><regionEndpoint>ec2.{each}.amazonaws.com</regionEndpoint>"
        "<optInStatus>opt-in-not-required</optInStatus></item>"
        for each in known.regions
    )
    return _xml("DescribeRegionsResponse", f"<requestId>0-1</requestId><regionInfo>{items}</regionInfo>", _EC2)


_ANSWERS: tuple[tuple[str, str, Callable[[Asked, Things], Reply]], ...] = (
    ("guardduty", "ListDetectors", _detectors),
    ("guardduty", "ListFindings", _finding_ids),
    ("guardduty", "GetFindings", _findings),
    ("guardduty", "GetFindingsStatistics", _statistics),
    ("securityhub", "GetFindings", _hub),
    ("monitoring", "DescribeAlarmHistory", _history),
    ("ssm", "DescribeOpsItems", _ops_items),
    ("backup", "ListProtectedResources", _protected),
    ("backup", "ListBackupJobs", _jobs(Things.backup_jobs, "BackupJobs", "State")),
    ("backup", "ListCopyJobs", _jobs(Things.copy_jobs, "CopyJobs", "State")),
    ("backup", "ListRestoreJobs", _jobs(Things.restore_jobs, "RestoreJobs", "Status")),
    ("cloudtrail", "LookupEvents", _events),
    ("config", "GetComplianceDetailsByConfigRule", _evaluations),
    ("config", "ListDiscoveredResources", _discovered),
    ("config", "GetDiscoveredResourceCounts", _discovered_counts),
    ("iam", "SimulatePrincipalPolicy", _simulated),
    ("ec2", "DescribeRegions", _regions),
)
STAND_INS = tuple((service, operation) for service, operation, _ in _ANSWERS)
"""Services, as requests are signed, and the operations that moto has not, or not as AWS answers them."""
