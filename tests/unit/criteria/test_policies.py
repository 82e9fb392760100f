# SPDX-License-Identifier: Apache-2.0
"""Policies and their versions: what is refused, with the line; and which version holds on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tieout.criteria.policies import Audience, load_policy, policy_files
from tieout.errors import ConfigurationError

VERSION: dict[str, Any] = {
    "version": "2026", "effective_from": date(2026, 1, 1), "approver": "CTO", "approved_on": date(2025, 12, 10),
    "link": "https://policies.example.com/security?v=2026#top", "path": "policies/security.md", "sha256": "a" * 64,
    "statement": "I have read the policy, and follow it.",
    "question": {"text": "Whom do you tell?", "options": ["Nobody", "The Security Lead"], "expected": "The Security Lead"},
}  # fmt: skip
POLICY: dict[str, Any] = {"title": "Security", "owner": "CTO", "versions": [VERSION]}


def written(folder: Path, said: dict[str, Any], name: str = "security") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(said, sort_keys=False))
    return path


def version(**changes: Any) -> dict[str, Any]:
    return {**POLICY, "versions": [VERSION | changes]}


def test_the_version_in_force_is_the_last_that_has_taken_effect(tmp_path: Path) -> None:
    later = VERSION | {"version": "2026b", "effective_from": date(2026, 7, 1)}
    policy = load_policy(written(tmp_path, {**POLICY, "versions": [VERSION, later]}))
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1))
    found = [policy.in_force(day) for day in days]
    assert [each and each.version for each in found] == [None, "2026", "2026", "2026b"]
    assert policy_files(tmp_path) == {"security": tmp_path / "security.yaml"}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (version(link="http://policies.example.com/x"), "https address"),
        (version(link="https://me:secret@policies.example.com/x"), "without a name, a password"),
        (version(link="https://policies.example.com/x|<!channel>"), "https address"),
        (version(link="https:///x"), "https address"),
        (version(approved_on=date(2026, 1, 2)), "approved before it takes effect on 2026-01-01"),
        (version(sha256="A" * 64), "sha256"),
        (version(version="v 1"), "version"),
        (version(language="English"), "language"),
        (version(statement=""), "statement"),
        (version(statement="x" * 1001), "statement"),
        (version(question={"text": "Why?", "options": ["a"]}), "options"),
        (version(question={"text": "Why?", "options": ["a", "a"]}), "two are the same"),
        (version(question={"text": "Why?", "options": ["a", "b"], "expected": "c"}), "one of the options, got 'c'"),
        ({**POLICY, "versions": []}, "versions"),
        ({**POLICY, "versions": [VERSION, VERSION]}, "different names with rising effective_from"),
        ({**POLICY, "versions": [VERSION, VERSION | {"version": "2025", "effective_from": date(2025, 12, 31)}]}, "rising"),
        ({**POLICY, "title": "x" * 121}, "title"),
        ({**POLICY, "audiance": {}}, "audiance"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(said: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=rf"security\.yaml:\d+: [\s\S]*{words}"):
        load_policy(written(tmp_path, said))


def test_a_policy_needs_a_name_that_can_stand_in_keys(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="file name"):
        load_policy(written(tmp_path, POLICY, "Security-Policy"))


@pytest.mark.parametrize(
    ("worker_type", "department", "words"),
    [
        ("EMPLOYEE", "Sales", None),
        (None, None, None),
        ("contractor", "sales", "not for worker type 'contractor'"),
        ("employee", "legal", "not for department 'legal'"),
    ],
)
def test_an_audience_leaves_out_whom_it_knows_not_to_be_of_it(
    worker_type: str | None, department: str | None, words: str | None
) -> None:
    audience = Audience(worker_types=("Employee",), departments=("sales", "support"))
    found = audience.leaves_out(worker_type, department)
    assert found is None if words is None else found is not None and words in found
    assert Audience().leaves_out(worker_type, department) is None
