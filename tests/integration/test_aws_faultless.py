# SPDX-License-Identifier: Apache-2.0
"""AWS as a source: an account without faults shows none. moto holds one account a process, so this stands by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.aws_scene import WINDOWS, AwsScene, company
from tests.simulators.aws import running_aws
from tieout.settings import Settings

pytestmark = pytest.mark.integration


def test_an_account_without_faults_shows_none(tmp_path: Path, repository: Path) -> None:
    with running_aws(company(faults=False)) as (api, reach, server):
        aws = AwsScene(api, reach, server, tmp_path, repository, Settings(home=repository, environment="test"))
        assert api.faults() == []
        for control_id, keys in WINDOWS.items():
            _, rows = aws.collect(control_id, keys[-1])
            assert aws.unmet(control_id, rows) == [], control_id
