# SPDX-License-Identifier: Apache-2.0
"""The command line: one clear message and exit code 1 for what is wrong, 2 for wrong usage."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tieout.cli import main
from tieout.commands.common import printable

HEADER = "sha,committed_at,authored_at,author,committer,parents,pull_request,change_type,files_changed,insertions,deletions\n"
LINE = "{:040x},2026-03-02T10:00:00Z,2026-03-02T09:00:00Z,a@example.com,b@example.com,{},7,fix,1,2,3\n"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TIEOUT_")]:
        monkeypatch.delenv(name)


def dry_run(path: Path, *more: str) -> Result:
    arguments = ["collect", "cc8_1_change_management", "--system", "shop_csv", "--window", "2026-03", "--dry-run"]
    return CliRunner().invoke(main, [*arguments, "--set", f"path={path}", *more])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (HEADER.replace("parents,", ""), "missing: parents"),
        (HEADER + LINE.format(1, 1) + LINE.format(2, "two"), "column 'parents': expected a whole number in each row"),
        (HEADER + LINE.format(1, 1) * 2, "rule 'key_unique' is broken"),
        (HEADER + LINE.format(1, 1) + LINE.format(2, 1)[:50], "truncated"),
        ("", "expected a header line, got an empty file"),
        (None, "No such file"),
    ],
    ids=["missing column", "wrong type", "duplicate key", "truncated last line", "empty", "absent"],
)
def test_each_broken_source_has_its_own_message(tmp_path: Path, content: str | None, expected: str) -> None:
    path = tmp_path / "drop.csv"
    if content is not None:
        path.write_text(content)
    result = dry_run(path)
    assert result.exit_code == 1
    assert expected in result.stderr
    assert str(path) in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_dry_run_shows_the_ipe_record_five_rows_and_the_rules(tmp_path: Path) -> None:
    path = tmp_path / "drop.csv"
    path.write_text(HEADER + "".join(LINE.format(number, 1) for number in range(7)))
    result = dry_run(path)
    assert result.exit_code == 0, result.output
    assert '"class": "same endpoint"' in result.stdout
    assert "7 rows in 2026-03" in result.stdout
    assert result.stdout.count("'sha'") == 5
    assert "second_person_committed" in result.stdout
    assert "Nothing was landed." in result.stdout


def test_zero_rows_are_a_population_of_zero(tmp_path: Path) -> None:
    path = tmp_path / "drop.csv"
    path.write_text(HEADER)
    result = dry_run(path, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["ipe"]["rows_in_window"] == 0
    assert {rule["result"] for rule in document["rule_results"]} == {"met"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["collect", "cc8_1_change_management", "--system", "shop_csv", "--window", "2026-03"], "--dry-run"),
        (["verify", "--copy", ".", "--quick"], "exclude each other"),
        (["verify", "--copy", ".", "--bucket", "b"], "exclude each other"),
        (["verify", "--copy", "/does/not/exist"], "there is no such folder"),
    ],
)
def test_wrong_usage_exits_with_two(arguments: list[str], expected: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert expected in result.stderr


def test_an_unknown_setting_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIEOUT_RETENTION_YEAR", "7")
    result = dry_run(tmp_path / "x")
    assert result.exit_code == 1
    assert "TIEOUT_RETENTION_YEAR: no such setting" in result.stderr


def test_an_empty_copy_is_missing_and_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["verify", "--copy", str(tmp_path), "--root", "0" * 64])
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "missing: 0/0 intact"


def test_control_characters_of_a_hostile_copy_do_not_reach_the_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "a\x1b[2Jb.dsse.json").write_text("{}")
    result = CliRunner().invoke(main, ["verify", "--copy", str(tmp_path)])
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert "a\\x1b[2Jb.dsse.json" in result.stdout
    assert printable("plain – text") == "plain – text"
