# SPDX-License-Identifier: Apache-2.0
"""What happens in the made-up company's AWS account: findings, alarms, jobs, events, each computed from its number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tests.simulators.company import Company

ACCOUNT, HOME, OTHER = "123456789012", "eu-central-1", "us-east-1"
RULES = {
    "rds-storage-encrypted": ("AWS::RDS::DBInstance",),
    "s3-default-encryption-kms": ("AWS::S3::Bucket",),
}
DAYS = {"CRITICAL": 7, "HIGH": 30, "MEDIUM": 90, "LOW": 180}
_LABELS = ("HIGH", "MEDIUM", "LOW", "MEDIUM", "INFORMATIONAL", "LOW")
_TYPES = ("Recon:EC2/PortProbeUnprotectedPort", "UnauthorizedAccess:IAMUser/ConsoleLogin", "CryptoCurrency:EC2/BitcoinTool.B!DNS")
_ALARMS = ("orders-5xx", "queue-depth", "db-cpu")
_SEVERITIES = (2, 5, 8)
_HARMLESS = ("EnableKeyRotation", "StartLogging", "EnableMFADevice", "CancelKeyDeletion", "CreateTrail")
_SOURCES = {"Key": "kms", "Logging": "cloudtrail", "Trail": "cloudtrail", "MFA": "iam"}
_UPDATED = timedelta(hours=2)


class CloudKind(StrEnum):
    """The kinds of faults in the account."""

    NO_FACTOR = "a console user without a second factor"
    ROOT_KEY = "an access key of the root user"
    OLD_KEY = "an access key that is older than it may be"
    UNENCRYPTED = "a store that is not encrypted"
    FINDING_IGNORED = "a finding that nobody looked at"
    ALARM_IGNORED = "an alarm that nobody looked at"
    VULNERABILITY_LATE = "a vulnerability that is open past its time"
    BACKUP_MISSED = "a day without a backup"
    BACKUP_FAILED = "a backup that failed, and was run again by hand"
    RESTORE_INVALID = "a restore whose validation failed"
    TRAIL_STOPPED = "a trail that was stopped"
    NO_OWNER = "a role that nobody answers for"


@dataclass(frozen=True)
class CloudFault:
    """A fault: the control and rule that has to show it, and the keys of its row: parts of them, where AWS gives out ids."""

    kind: CloudKind
    control: str
    rule: str
    key: str


@dataclass(frozen=True)
class Things:
    """Everything but IAM's, which moto holds."""

    company: Company
    alerts: int = 60
    alarms: int = 48
    regions: tuple[str, ...] = (HOME, OTHER)

    def _is_fault(self, number: int, count: int) -> bool:
        return self.company.has_faults and number == count // 2

    def _engineer(self, role: str, number: int) -> str:
        return self.company.person(self.company.engineer(role, number)).email

    def _place(self, number: int) -> str:
        return OTHER if number % 5 == 4 else HOME

    # -- findings

    def detector(self, region: str) -> str:
        """Return the id of a region's detector."""
        return f"{self.regions.index(region) + 1:032x}"

    def finding_id(self, number: int) -> str:
        """Return the id of a finding."""
        return f"{number + 0xABC0000:032x}"

    def number_of(self, finding_id: str) -> int:
        """Return the number of a finding by its id."""
        return int(finding_id, 16) - 0xABC0000

    def findings(self, region: str, updated_since: datetime) -> Iterator[int]:
        """Yield the numbers of findings; each was updated once, `_UPDATED` after it was created."""
        since = self.company.numbers("finding", self.alerts, updated_since - _UPDATED, self.company.end)
        return (each for each in since if self._place(each) == region)

    def severity(self, number: int) -> int:
        """Return a finding's severity."""
        return _SEVERITIES[number % 3]

    def finding_arn(self, number: int) -> str:
        """Return a finding's ARN."""
        region = self._place(number)
        return f"arn:aws:guardduty:{region}:{ACCOUNT}:detector/{self.detector(region)}/finding/{self.finding_id(number)}"

    def finding(self, number: int, region: str) -> dict[str, Any]:
        """Return a finding as GuardDuty writes it."""
        created = self.company.at("finding", number, self.alerts)
        return {
            "schemaVersion": "2.0",
            "accountId": ACCOUNT,
            "region": region,
            "partition": "aws",
            "id": self.finding_id(number),
            "arn": self.finding_arn(number),
            "type": _TYPES[number % 3],
            "resource": {"resourceType": "Instance"},
            "service": {"serviceName": "guardduty", "detectorId": self.detector(region), "archived": number % 7 == 3, "count": 1},
            "severity": self.severity(number),
            "createdAt": _iso(created),
            "updatedAt": _iso(created + _UPDATED),
            "title": f"Finding {number}",
            "description": "Somebody tried something.",
        }

    def followed(self, number: int, region: str) -> dict[str, Any]:
        """Return the same finding as Security Hub has it."""
        created = self.company.at("finding", number, self.alerts)
        found = _asff(self.finding_arn(number), region, "guardduty", created, f"Finding {number}", [f"i-{number:017x}"])
        found |= {"Types": ["TTPs/Initial Access"], "Severity": {"Label": "HIGH"}}
        if self._is_fault(number, self.alerts):
            return found | {"Workflow": {"Status": "NEW"}}
        note = {
            "Text": "Looked at.",
            "UpdatedBy": self._engineer("finding", number),
            "UpdatedAt": _iso(created + timedelta(hours=3)),
        }
        return found | {"Workflow": {"Status": ("RESOLVED", "NOTIFIED")[number % 2]}, "Note": note}

    # -- vulnerabilities

    def vulnerabilities(self, region: str, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
        """Yield the findings about vulnerabilities that were created in ``[since, until)``."""
        count = 30
        for number in self.company.numbers("vulnerability", count, since, until):
            if self._place(number) == region:
                yield self._vulnerability(number, region, late=self._is_fault(number, count))

    def vulnerability_id(self, number: int) -> str:
        """Return the id of a finding about a vulnerability."""
        return f"arn:aws:inspector2:{self._place(number)}:{ACCOUNT}:finding/{number + 0xDEF0000:032x}"

    def _vulnerability(self, number: int, region: str, *, late: bool) -> dict[str, Any]:
        created = self.company.at("vulnerability", number, 30)
        assets = [f"arn:aws:ec2:{region}:{ACCOUNT}:instance/i-{number:017x}"]
        if number % 4 == 1:
            assets.append(f"arn:aws:ecr:{region}:{ACCOUNT}:repository/shop/{number}")
        found = _asff(self.vulnerability_id(number), region, "inspector", created, f"CVE-2026-{number:05}", assets)
        label = "CRITICAL" if late else _LABELS[number % len(_LABELS)]
        fixed = created + timedelta(days=DAYS.get(label, 1) / 8)
        return found | {
            "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
            "Severity": {"Label": label},
            "Workflow": {"Status": "NEW"},
            "RecordState": "ACTIVE" if late else "ARCHIVED",
            "UpdatedAt": _iso(created if late else fixed),
            "UserDefinedFields": {"ticket": f"SHOP-{number + 1}"},
        }

    # -- alarms

    def alarm(self, number: int) -> tuple[str, datetime]:
        """Return an alarm's name, and when it went to ALARM."""
        name = "certificate-expiry" if self._is_fault(number, self.alarms) else _ALARMS[number % 3]
        return name, self.company.at("alarm", number, self.alarms)

    def alarm_history(self, region: str, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
        """Yield the changes of state in ``[since, until]``, in order."""
        for number in self.company.numbers("alarm", self.alarms, since - timedelta(minutes=10), until + timedelta(seconds=1)):
            name, raised = self.alarm(number)
            for state, before, when in (("ALARM", "OK", raised), ("OK", "ALARM", raised + timedelta(minutes=10))):
                if self._place(number) != region or not since <= when <= until:
                    continue
                data = {"version": "1.0", "oldState": {"stateValue": before}, "newState": {"stateValue": state}}
                yield {
                    "AlarmName": name,
                    "AlarmType": "MetricAlarm",
                    "Timestamp": when,
                    "HistoryItemType": "StateUpdate",
                    "HistorySummary": f"Alarm updated from {before} to {state}",
                    "HistoryData": json.dumps(data),
                }

    def ops_items(self, region: str) -> Iterator[dict[str, Any]]:
        """Yield the OpsItems that alarms opened."""
        for number in range(self.alarms):
            name, raised = self.alarm(number)
            if self._place(number) != region:
                continue
            is_open = self._is_fault(number, self.alarms)
            opened, changed = raised + timedelta(seconds=1), raised + timedelta(minutes=30)
            yield {
                "OpsItemId": f"oi-{number:012x}",
                "Title": f"CloudWatch alarm - '{name}' is in ALARM state",
                "Source": "CloudWatch",
                "Severity": "2",
                "Status": "Open" if is_open else "Resolved",
                "CreatedBy": f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForCloudWatchAlarms_ActionSSM/1",
                "CreatedTime": opened,
                "LastModifiedBy": f"arn:aws:sts::{ACCOUNT}:assumed-role/On-call/{self._engineer('alarm', number)}",
                "LastModifiedTime": opened if is_open else changed,
            }

    # -- backups

    def stores(self, region: str) -> tuple[str, ...]:
        """Return the ARNs of what is backed up."""
        return (
            (f"arn:aws:rds:{HOME}:{ACCOUNT}:db:orders", f"arn:aws:dynamodb:{HOME}:{ACCOUNT}:table/carts")
            if region == HOME
            else ()
        )

    @property
    def missed(self) -> tuple[int, str]:
        """Return the number of the day without a backup, and of what."""
        return 100, self.stores(HOME)[1]

    @property
    def failed(self) -> tuple[int, str]:
        """Return the number of the day on which a backup failed, and of what."""
        return 60, self.stores(HOME)[0]

    def backup_jobs(self, region: str) -> Iterator[dict[str, Any]]:
        """Yield the backup jobs of each day."""
        for day in range((self.company.end - self.company.start).days):
            for store in self.stores(region):
                failed = self.company.has_faults and (day, store) == self.failed
                if self.company.has_faults and (day, store) == self.missed:
                    continue
                yield self._backup_job(day, store, "FAILED" if failed else "COMPLETED", hour=1)
                if failed:
                    yield self._backup_job(day, store, "COMPLETED", hour=9)

    def _backup_job(self, day: int, store: str, state: str, hour: int) -> dict[str, Any]:
        created = self.company.start + timedelta(days=day, hours=hour)
        plan = {"BackupPlanId": "p-1", "BackupPlanName": "daily", "BackupRuleId": "r-1", "BackupRuleName": "night"}
        done = state == "COMPLETED"
        return {
            "AccountId": ACCOUNT,
            "BackupJobId": self.backup_id(day, store, hour),
            "BackupVaultName": "shop",
            "RecoveryPointArn": self._point(day, store, hour) if done else None,
            "ResourceArn": store,
            "IsEncrypted": True if done else None,
            "CreationDate": created,
            "CompletionDate": created + timedelta(minutes=40),
            "State": state,
            "CreatedBy": plan if hour == 1 else None,
            "ResourceType": store.split(":")[2].upper(),
        }

    def backup_id(self, day: int, store: str, hour: int = 1) -> str:
        """Return the id of a backup job."""
        return f"backup-{day:04}-{hour:02}-{store.rpartition(':')[2].replace('/', '-')}"

    def _point(self, day: int, store: str, hour: int = 1) -> str:
        return f"arn:aws:backup:{HOME}:{ACCOUNT}:recovery-point:{self.backup_id(day, store, hour)}"

    def copy_jobs(self, region: str) -> Iterator[dict[str, Any]]:
        """Yield the copies of each backup to another region."""
        for number, job in enumerate(each for each in self.backup_jobs(region) if each["State"] == "COMPLETED"):
            yield {
                "AccountId": ACCOUNT,
                "CopyJobId": f"copy-{number:05}",
                "SourceBackupVaultArn": f"arn:aws:backup:{HOME}:{ACCOUNT}:backup-vault:shop",
                "SourceRecoveryPointArn": job["RecoveryPointArn"],
                "DestinationBackupVaultArn": f"arn:aws:backup:eu-west-1:{ACCOUNT}:backup-vault:shop",
                "ResourceArn": job["ResourceArn"],
                "CreationDate": job["CompletionDate"],
                "CompletionDate": job["CompletionDate"] + timedelta(minutes=20),
                "State": "COMPLETED",
            }

    def restore_id(self, day: int, store: str) -> str:
        """Return the id of a restore job."""
        return f"restore-{day:04}-{store.rpartition(':')[2].replace('/', '-')}"

    def restore_jobs(self, region: str) -> Iterator[dict[str, Any]]:
        """Yield the restore tests, one a fortnight."""
        for day in range(10, (self.company.end - self.company.start).days, 14):
            for store in self.stores(region):
                created = self.company.start + timedelta(days=day, hours=3)
                invalid = self.company.has_faults and (day, store) == (38, self.stores(HOME)[0])
                yield {
                    "AccountId": ACCOUNT,
                    "RestoreJobId": self.restore_id(day, store),
                    "RecoveryPointArn": self._point(day, store),
                    "SourceResourceArn": store,
                    "CreationDate": created,
                    "CompletionDate": created + timedelta(minutes=50),
                    "Status": "COMPLETED",
                    "ValidationStatus": "FAILED" if invalid else "SUCCESSFUL",
                    "CreatedBy": {"RestoreTestingPlanArn": f"arn:aws:backup:{HOME}:{ACCOUNT}:restore-testing-plan:fortnightly"},
                }

    # -- events and resources

    def event_id(self, number: int) -> str:
        """Return the id of an event."""
        return f"{number:08x}-0000-4000-8000-000000000000"

    def events(self, region: str) -> Iterator[dict[str, Any]]:
        """Yield the events of CloudTrail's history that are about protections."""
        count = 40
        for number in range(count):
            name = "StopLogging" if self._is_fault(number, count) else _HARMLESS[number % len(_HARMLESS)]
            if self._place(number) != region:
                continue
            when, who = self.company.at("event", number, count), self._engineer("event", number)
            source = next(source for part, source in _SOURCES.items() if part in name) + ".amazonaws.com"
            issuer = {"type": "Role", "userName": "Administrator", "arn": f"arn:aws:iam::{ACCOUNT}:role/Administrator"}
            record = {
                "eventVersion": "1.11",
                "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}},
                "eventTime": _iso(when),
                "eventSource": source,
                "eventName": name,
                "awsRegion": region,
                "requestParameters": {"name": "shop"},
                "requestID": f"r-{number}",
                "eventID": self.event_id(number),
                "recipientAccountId": ACCOUNT,
            }
            yield {
                "EventId": self.event_id(number),
                "EventName": name,
                "ReadOnly": "false",
                "EventTime": when,
                "EventSource": source,
                "Username": who,
                "Resources": [{"ResourceType": "AWS::CloudTrail::Trail", "ResourceName": "shop"}],
                "CloudTrailEvent": json.dumps(record),
            }

    def resources(self, region: str) -> Iterator[tuple[str, str]]:
        """Yield type and name of what AWS Config records."""
        for kind, count in (("AWS::RDS::DBInstance", 3), ("AWS::S3::Bucket", 7)):
            for number in range(count if region == HOME else 1):
                yield kind, f"{kind.rpartition(':')[2].lower()}-{region}-{number}"

    def is_unencrypted(self, kind: str, name: str) -> bool:
        """Whether a resource is the one that is not encrypted."""
        return self.company.has_faults and (kind, name) == ("AWS::RDS::DBInstance", f"dbinstance-{HOME}-1")

    # -- faults

    def faults(self) -> Iterator[CloudFault]:
        """Yield the faults of all but IAM."""
        if not self.company.has_faults:
            return
        key = self.finding_arn(self.alerts // 2)
        yield CloudFault(CloudKind.FINDING_IGNORED, "cc7_2_threat_alerts", "triaged", key)
        yield CloudFault(CloudKind.FINDING_IGNORED, "cc7_2_threat_alerts", "outcome_recorded", key)
        for rule in ("triaged", "outcome_recorded"):
            yield CloudFault(CloudKind.ALARM_IGNORED, "cc7_2_metric_alarms", rule, "certificate-expiry")
        late = self.vulnerability_id(15)
        yield CloudFault(CloudKind.VULNERABILITY_LATE, "cc7_1_cloud_vulnerabilities", "fixed_in_time", late)
        yield CloudFault(
            CloudKind.UNENCRYPTED, "cc6_1_cloud_encryption", "compliant", f"AWS::RDS::DBInstance/dbinstance-{HOME}-1"
        )
        (day, store), (bad, broken) = self.missed, self.failed
        when = (self.company.start + timedelta(days=day)).date()
        yield CloudFault(CloudKind.BACKUP_MISSED, "a1_2_backup_coverage", "succeeded", f"missed {when} {store}")
        yield CloudFault(CloudKind.BACKUP_FAILED, "a1_2_backup_coverage", "succeeded", self.backup_id(bad, broken))
        yield CloudFault(CloudKind.RESTORE_INVALID, "a1_3_restore_jobs", "succeeded", self.restore_id(38, self.stores(HOME)[0]))
        yield CloudFault(CloudKind.TRAIL_STOPPED, "cc7_1_cloud_change_log", "protection_kept", self.event_id(20))


def _asff(finding_id: str, region: str, product: str, created: datetime, title: str, resources: list[str]) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": finding_id,
        "ProductArn": f"arn:aws:securityhub:{region}::product/aws/{product}",
        "GeneratorId": product,
        "AwsAccountId": ACCOUNT,
        "Region": region,
        "CreatedAt": _iso(created),
        "UpdatedAt": _iso(created),
        "Title": title,
        "Description": title,
        "Resources": [{"Type": "Other", "Id": each, "Partition": "aws", "Region": region} for each in resources],
        "RecordState": "ACTIVE",
    }


def _iso(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
