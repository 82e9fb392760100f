# SPDX-License-Identifier: Apache-2.0
"""Every attack is found, with its own outcome and for its own reason; what nobody attacked is intact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tamper import ATTACKS
from tests.tamper.attack import Attack, judge
from tests.tamper.stage import Stage, running_stage
from tieout.evidence.verify import Outcome

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Stage]:
    with running_stage(tmp_path_factory.mktemp("tamper"), repository) as running:
        yield running


def test_what_nobody_attacked_is_intact_in_both_profiles(stage: Stage) -> None:
    scene = stage.scene()
    for verdict in (judge(scene), judge(scene, quick=True), judge(stage.copied())):
        assert (verdict.outcome, verdict.reasons) == (Outcome.INTACT, ())


def test_there_are_at_least_fifty_attacks() -> None:
    assert len({(attack.group, attack.title, attack.through) for attack in ATTACKS}) == len(ATTACKS) >= 50
    assert {attack.through for attack in ATTACKS} == {"S3", "copy", "ZIP"}


@pytest.mark.parametrize("attack", ATTACKS, ids=[f"{attack.through}: {attack.group}: {attack.title}" for attack in ATTACKS])
def test_the_attack_is_found(stage: Stage, attack: Attack) -> None:
    verdict = attack.do(stage)
    assert verdict.outcome is attack.outcome, verdict.reasons
    assert any(attack.words in reason for reason in verdict.reasons), verdict.reasons
