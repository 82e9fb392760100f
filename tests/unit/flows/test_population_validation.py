# SPDX-License-Identifier: Apache-2.0
"""Population export: what validation lets through, how it counts, and what it refuses."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.unit.change_csv import line
from tests.unit.flows.project import CONTROL, CONTROL_FILE, Project

from tieout.errors import ConfigurationError, ContractError
from tieout.evidence.sorting import Memory
from tieout.flows.population_export import validate
from tieout.flows.validation import judge_rows
from tieout.settings import Settings


def test_validation_parts_rows_and_states_the_results(project: Project) -> None:
    ann = "ann@example.com"
    project.export(line(3, pull_request=""), line(1, committer="web-merge"), line(2, author=ann, committer=ann), line(4))
    done = project.validated(project.job())
    results = {result["rule"]: result for result in done.predicate["rule_results"]}
    counted = {rule: tuple(results[rule][name] for name in ("met", "not_met", "not_determinable", "result")) for rule in results}
    assert counted["pull_request_referenced"] == (3, 1, 0, "not met")
    assert counted["second_person_committed"] == (2, 1, 1, "not met")
    assert {counted[rule] for rule in results if results[rule]["kind"] == "contract"} == {(4, 0, 0, "met")}
    assert done.predicate["potential_deviations"] == 2
    population, listed = (pq.read_table(part.path) for part in done.parts)
    assert population["sha"].to_pylist() == sorted(population["sha"].to_pylist())
    assert set(population["_landing"].to_pylist()) == set(listed["_landing"].to_pylist()) == {done.predicate["landing"]}
    assert listed.select(["rule", "result"]).to_pylist() == [
        {"rule": "pull_request_referenced", "result": "not met"},
        {"rule": "second_person_committed", "result": "not determinable"},
        {"rule": "second_person_committed", "result": "not met"},
    ]


def test_the_predicate_states_control_period_window_and_population(project: Project) -> None:
    job = project.job()
    done = project.validated(job)
    predicate = done.predicate
    assert predicate["control"]["id"] == CONTROL
    assert (
        predicate["control"]["sha256"]
        == hashlib.sha256((project.settings.controls_folder / f"{CONTROL}.yaml").read_bytes()).hexdigest()
    )
    assert predicate["observation_period"]["to"] == "2026-07-01T00:00:00.000000Z"
    assert predicate["window"] == {
        "key": "2026-03",
        "from": "2026-03-01T00:00:00.000000Z",
        "to": "2026-04-01T00:00:00.000000Z",
    }
    assert predicate["contract"]["sha256"] == job.contract.sha256
    assert (predicate["population"]["rows"], predicate["population"]["rows_sha256"]) == (1, done.parts[0].rows_sha256)
    assert predicate["extraction"]["state"] == "later"
    assert predicate["times"]["collected_at"]["attested_by"] == "asserted by the entity"
    assert json.loads(json.dumps(predicate)) == predicate


def test_the_statement_is_the_one_in_force_on_the_windows_last_local_day(project: Project) -> None:
    second = "\n  - version: 2\n    effective_from: 2026-04-01\n    text: Another wording.\ncriteria:"
    project.change(CONTROL_FILE, "\ncriteria:", second)
    project.change("criteria/scope.yaml", "time_zone: UTC", "time_zone: America/New_York")  # March ends on 1 April in UTC
    project.export(line(1), line(2, committed_at="2026-04-01T03:59:59Z"), line(3, committed_at="2026-04-01T04:00:00Z"))
    march, april = (project.validated(project.job(key)).predicate for key in ("2026-03", "2026-04"))
    assert [each["control"]["statement_version"] for each in (march, april)] == [1, 2]
    assert [each["population"]["rows"] for each in (march, april)] == [2, 1]


def test_zero_rows_land_as_parts_of_zero_rows(project: Project) -> None:
    done = project.validated(project.job("2026-06"))
    assert [(part.table, part.rows, pq.read_table(part.path).num_rows) for part in done.parts] == [
        ("change_record", 0, 0),
        ("rule_result", 0, 0),
    ]
    assert done.predicate["population"]["rows"] == done.predicate["potential_deviations"] == 0
    assert done.predicate["ipe"]["rows_read"] == 1
    assert pq.read_schema(done.parts[0].path).names == [*project.job().contract.schema.names, "_landing"]


def test_a_large_population_is_split_and_hashed_as_one(project: Project) -> None:
    project.export(*(line(number) for number in range(5)))
    whole = project.validated(project.job())
    project.settings = replace(project.settings, part_rows=2)
    split = project.validated(project.job())
    assert [(part.number, part.rows) for part in split.parts if part.table == "change_record"] == [
        (0, 2),
        (1, 2),
        (2, 1),
    ]
    assert split.predicate["population"]["rows_sha256"] == whole.predicate["population"]["rows_sha256"]


def test_what_does_not_fit_in_memory_lands_as_the_same_bytes(project: Project) -> None:
    project.export(*(line(number, pull_request="" if number % 3 else "7") for number in reversed(range(120))))
    job = replace(project.job(), settings=replace(project.settings, part_rows=50))
    told: list[tuple[str, int, int]] = []
    whole, parted = (
        judge_rows(job, *project.collect(job), lambda *how_far: told.append(how_far), memory)
        for memory in (None, Memory(rows=5_000, piece=3_000))
    )
    assert [part.path.read_bytes() for part in parted.parts] == [part.path.read_bytes() for part in whole.parts]
    assert replace(parted, parts=()) == replace(whole, parts=())
    assert [part.rows for part in whole.parts if part.table == "change_record"] == [50, 50, 20]
    assert told[-1] == ("validated", 120, 120)


def test_a_rule_about_all_rows_holds_them_at_once_up_to_a_bound(project: Project) -> None:
    project.export(*(line(number) for number in range(40)))
    job = project.job()
    key = next(rule for rule in job.contract.rules if rule.id == "key_unique")
    apart = replace(key, id="changes_differ", arguments={"column_list": ["sha", "committed_at"]})
    job = replace(job, contract=replace(job.contract, rules=(*job.contract.rules, apart)))
    small = Memory(rows=5_000, piece=3_000)
    found = {each.rule: each.met for each in judge_rows(job, *project.collect(job), memory=small).results}
    assert found["changes_differ"] == 40
    with pytest.raises(ConfigurationError, match="needs all rows at once, and these 40 do not fit in memory"):
        judge_rows(job, *project.collect(job), memory=replace(small, whole=5_000))


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            [line(1), line(2), line(1)],
            "rule 'key_unique' is broken: expected each system and sha once, got shop_csv, 0",
        ),
        ([line(sha="abc")], "rule 'sha_is_a_commit_id' is broken: .*1 rows do not meet it, first at row 2"),
        ([line(insertions="-1")], "rule 'insertions_range' is broken: .*1 rows do not meet it, first at row 2"),
        ([line(parents="two")], "column 'parents': expected a whole number in each row, got .*row 2: 'two'"),
        ([line(author="")], "column 'author': expected a value in each row, got something else in 1: row 2: nothing"),
    ],
)
def test_a_population_that_breaks_its_contract_is_refused(project: Project, lines: list[str], problem: str) -> None:
    project.export(*lines)
    with pytest.raises(ContractError, match=f"^drop/in.csv: {problem}"):
        project.validated(project.job())


def test_fewer_rows_than_the_second_count_are_refused(project: Project) -> None:
    job = project.job()
    document, folder = project.collect(job)
    with pytest.raises(ContractError, match=r"rule 'row_count' is broken: .*observed 1\."):
        validate(job, {**document, "expected_rows": 2}, folder)


def test_the_shipped_sample_gives_the_counts_that_awk_gives(repository: Path, tmp_path: Path) -> None:
    project = Project(tmp_path, Settings(home=repository))
    predicates = [project.validated(project.job(f"2026-{month:02}")).predicate for month in range(1, 7)]
    results = {
        rule["rule"]: [sum(each["rule_results"][at][name] for each in predicates) for name in ("not_met", "not_determinable")]
        for at, rule in enumerate(predicates[0]["rule_results"])
    }
    assert sum(each["population"]["rows"] for each in predicates) == 1137
    assert results["pull_request_referenced"] == [376, 0]
    assert results["second_person_committed"][1] == 882
