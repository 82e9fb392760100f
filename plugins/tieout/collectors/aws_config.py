# SPDX-License-Identifier: Apache-2.0
"""What AWS Config's rules say of each resource that it records: encryption, for example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from pydantic import Field

from tieout.collectors.aws import Account, AwsParameters
from tieout.collectors.aws_calls import Call
from tieout.collectors.evidence_columns import CHECK
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.row_tables import Row, row_tables
from tieout.times import instant

BLIND_SPOTS = (
    "Resources of types, or in regions, that AWS Config does not record appear nowhere.",
    "What a rule checks is its own code; a rule that is changed reads as before.",
    "AWS Config keeps the last evaluation of each resource: what stood at the window's end may have been evaluated earlier.",
)
_COMPLIANT = {"COMPLIANT": True, "NON_COMPLIANT": False}


class Parameters(AwsParameters):
    """Parameters of the system's YAML."""

    rules: Mapping[str, tuple[str, ...]] = Field(min_length=1)
    """Names of Config rules, each with the types of resources that it is to judge: ``AWS::RDS::DBInstance``."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Yield a row for each rule and each resource of its types that is recorded; one that was not evaluated is not judged.

    Raises:
        ExtractionRefused: As `Frame.as_of_the_end`.
        ConfigurationError: As `Account`, also where a rule does not exist in a region; `SourceUnavailable` likewise.
    """
    given, as_of = frame.parameters(Parameters), instant(frame.as_of_the_end())
    account = Account(frame, given)
    read = f"Evaluations were read {instant(frame.clock())}; rows stand for the window's end."
    query = (
        "config list_discovered_resources; config get_compliance_details_by_config_rule; config get_discovered_resource_counts"
    )
    account.state("AWS Config", query, (*BLIND_SPOTS, read), rules=dict(given.rules))
    wanted = [(region, rule, types) for region in account.regions for rule, types in given.rules.items()]
    rows = 0
    for table in row_tables((row for each in wanted for row in _rows(account, *each, as_of)), CHECK):
        rows += table.num_rows
        yield table
    counts = "get_discovered_resource_counts"
    calls = [(None, Call("config", counts, region, {"resourceTypes": list(types)})) for region, _, types in wanted]
    second = sum(account.each(calls, "resourceCounts[].count"))
    how = "config get_discovered_resource_counts of each rule's types"
    account.counted(rows, "config list_discovered_resources of each rule's types", second, how, SecondCountClass.OTHER_ENDPOINT)


def _rows(account: Account, region: str, rule: str, types: tuple[str, ...], as_of: str) -> Iterator[Row]:
    details = Call("config", "get_compliance_details_by_config_rule", region, {"ConfigRuleName": rule})
    found: dict[tuple[str, str], tuple[str, Any, Any]] = {}
    for each in account.all(details, "EvaluationResults[]"):
        about = each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
        said = (each["ComplianceType"], each.get("ResultRecordedTime"), each.get("Annotation"))
        found[about["ResourceType"], about["ResourceId"]] = said
    calls = ((kind, Call("config", "list_discovered_resources", region, {"resourceType": kind})) for kind in types)
    for each in account.each(calls, "resourceIdentifiers[]"):
        kind, name = each["resourceType"], each["resourceId"]
        verdict, when, why = found.get((kind, name), ("unreadable", None, "not evaluated"))
        row = dict.fromkeys(CHECK) | {"check_id": f"{rule} {as_of}", "resource": f"{region}/{kind}/{name}"}
        row |= {"setting": rule, "checked_at": as_of, "expected": "COMPLIANT", "compliant": _COMPLIANT.get(verdict)}
        yield row | {"observed": ", ".join(filter(None, (verdict, when and f"evaluated {when}", why)))}
