# SPDX-License-Identifier: Apache-2.0
"""``tieout collect CONTROL --dry-run`` for every control on a named source: the IPE record, with a second count and its class."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from tests.conftest import REPOSITORY
from tests.simulators import fab, services
from tests.simulators.aws import running_aws
from tests.simulators.aws_things import HOME
from tests.simulators.company import Company
from tests.simulators.vendor import serving
from tests.unit.collectors.git_repo import GitRepo
from tieout.cli import main
from tieout.collectors.ipe import SecondCountClass
from tieout.criteria.controls import control_files, load_control

pytestmark = pytest.mark.integration

NAMED = {*services.NAMES, "aws", "airflow", "evidence_repository"}
CONTROLS = REPOSITORY / "include" / "criteria" / "controls"
SLOTS = [
    (control, source.system)
    for control, path in control_files(CONTROLS).items()
    for source in load_control(path).systems
    # Airflow's audit log is read from a real Airflow in test_airflow_audit.
    if source.system in NAMED
    and "path" not in source.parameters
    and source.collector != "airflow_audit"
    and not load_control(path).is_campaign  # no row of it comes from a source
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with the library's controls, a period that today lies in, and a repository of its own."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("criteria", "evidence_schemas"):
        (folder / "include").mkdir(exist_ok=True)
        (folder / "include" / name).symlink_to(REPOSITORY / "include" / name)
    (folder / "include" / "criteria").unlink()
    criteria = folder / "include" / "criteria"
    criteria.mkdir()
    for path in (REPOSITORY / "include" / "criteria").iterdir():
        (criteria / path.name).symlink_to(path)
    (criteria / "controls").unlink()
    shutil.copytree(CONTROLS, criteria / "controls")
    # Of all pauses between requests this one is AWS's rule and not the simulator's: two and a half minutes of waiting.
    paced = criteria / "controls" / "cc7_1_cloud_change_log.yaml"
    paced.write_text(f"{paced.read_text()}      seconds_between: 0\n")
    scope: dict[str, Any] = yaml.safe_load((criteria / "scope.yaml").read_text())
    today = datetime.now(UTC).date()
    period = {"id": "now", "type": 2, "first_day": today - timedelta(days=180), "end_day": today + timedelta(days=180)}
    (criteria / "scope.yaml").unlink()
    (criteria / "scope.yaml").write_text(yaml.safe_dump(scope | {"observation_periods": [period]}))
    repo = GitRepo(folder / ".git")
    week_before = datetime.now(UTC) - timedelta(days=40)
    repo.commit("Rules", at=week_before.isoformat(timespec="seconds"), files={"dags/a.py": b"1"})
    repo.write()
    return folder


@pytest.fixture(scope="module")
def connections() -> Iterator[dict[str, str]]:
    """Serve a company whose last half-year ends tomorrow, and return the Airflow Connections to it."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    company = Company(midnight - timedelta(days=200), midnight + timedelta(days=1), people=60, changes=120, pages=120)
    with ExitStack() as stack:
        said: dict[str, Any] = {}
        for name, api in services.apis(company).items():
            said[name] = services.connection(name, stack.enter_context(serving(api)).url)
        users = stack.enter_context(serving(fab.Fab([fab.user(number, "Viewer") for number in range(1, 8)])))
        said["airflow"] = {"conn_type": "http", "host": users.url, "login": fab.LOGIN, "password": fab.PASSWORD}
        _, _, cloud = stack.enter_context(running_aws(company))
        extra = {"endpoint_url": cloud.url, "region_name": HOME}
        said["aws"] = {"conn_type": "aws", "login": "AKIAMADEUP", "password": "made-up", "extra": extra}
        yield {f"AIRFLOW_CONN_{name.upper()}": json.dumps(each) for name, each in said.items()}


@pytest.mark.parametrize(("control", "system"), SLOTS, ids=lambda name: name)
def test_a_dry_run_shows_how_rows_were_produced(home: Path, connections: dict[str, str], control: str, system: str) -> None:
    environment = {**connections, "TIEOUT_HOME": str(home)}
    done = CliRunner().invoke(main, ["collect", control, "--system", system, "--dry-run", "--json"], env=environment)
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout.splitlines()[-1])
    ipe = said["ipe"]
    second, source = ipe["second_count"], ipe["source"]
    rows = f"{ipe['rows_in_window']} rows in the window of {ipe['source_total']['rows']}"
    counted = f"{second['rows']}, class {second['class']!r}: {second['how']}"
    print(f"\n{control}, {system}: {source['kind']}, {rows}; second count {counted}")
    assert second["class"] in {each.value for each in SecondCountClass}
    assert ipe["blind_spots"]
    assert ipe["credential"]["read_only_proof"]
    contract_rules = [each for each in said["rule_results"] if each["kind"] == "contract"]
    assert {each["result"] for each in contract_rules} == {"met"}
    secrets = [json.loads(each)["password"] for each in connections.values()]
    assert not [secret for secret in secrets if secret in done.output]
