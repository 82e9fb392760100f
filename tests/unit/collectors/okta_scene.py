# SPDX-License-Identifier: Apache-2.0
"""A small company with its Okta and its people system on loopback, and the shipped controls that read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.simulators import hris, okta
from tests.simulators.company import Company
from tests.simulators.vendor import Server, serving
from tests.unit.collectors.frames import staged_rows

from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.collectors.reach import NoReach, SourceConnection
from tieout.contracts.odcs import contract_file, load_contract
from tieout.criteria.controls import load_control
from tieout.criteria.periods import Window, WindowKind
from tieout.settings import Settings

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
AFTER = END + timedelta(days=1)
LEAVERS, JOINERS, MOVERS = "cc6_2_leaver_accounts", "cc6_2_joiner_accounts", "cc6_3_mover_accounts"
FACTORS, ACCESS, POLICIES = "cc6_1_mfa_factors", "cc6_3_application_access", "cc6_1_sign_in_policy_continuity"
INCLUDE = Path(__file__).parents[3] / "include"


class Reaches(NoReach):
    """Reaches both, each with its token."""

    def __init__(self, urls: dict[str, str]) -> None:
        self.urls = urls
        self.tokens = {"okta": okta.TOKEN, "hris": hris.TOKEN}

    def connection(self, conn_id: str) -> SourceConnection:
        return SourceConnection(conn_id, "http", self.urls[conn_id], None, "", "", self.tokens[conn_id], {})


@dataclass
class Scene:
    """What a test works with."""

    company: Company
    okta: okta.Okta
    servers: dict[str, Server]
    folder: Path
    settings: Settings
    made: int = field(default=0)

    def frame(self, control: str, window: Window | None = None, **changes: Any) -> Frame:
        """Return the frame of a shipped control, for the whole period, with parameters that differ."""
        self.made += 1
        folder = self.folder / f"work-{self.made}"
        folder.mkdir()
        source = load_control(INCLUDE / "criteria" / "controls" / f"{control}.yaml").systems[0]
        source = source.model_copy(update={"parameters": {**source.parameters, **changes}})
        frame = Frame(self.settings, source, window or Window("a-span", WindowKind.MONTHLY, START, END), folder)
        frame.reach = Reaches({name: server.url for name, server in self.servers.items()})
        frame.sleep = lambda _: None
        return frame

    def extract(self, control: str, frame: Frame | None = None, now: datetime = AFTER) -> Extraction:
        """Extract a shipped control's population."""
        found = load_control(INCLUDE / "criteria" / "controls" / f"{control}.yaml")
        contract = load_contract(contract_file(INCLUDE / "evidence_schemas", found.evidence_type))
        return extract(
            frame or self.frame(control), contract, Inclusion(found.population.inclusion_date_field), lambda: now, None
        )

    def rows(self, control: str, frame: Frame | None = None, now: datetime = AFTER) -> list[dict[str, Any]]:
        """Extract, and return the rows."""
        rows: list[dict[str, Any]] = staged_rows(self.extract(control, frame, now)).to_pylist()
        return rows


@contextmanager
def scene(folder: Path, identity_key: str = "", **changes: Any) -> Iterator[Scene]:
    """Serve a company's Okta and people system."""
    company = Company(START, END, **{"people": 60, "changes": 60, "pages": 60, **changes})
    organization = okta.Okta(company)
    with serving(organization) as of_okta, serving(hris.Hris(company)) as of_hris:
        of_okta.clock = of_hris.clock = lambda: AFTER
        settings = Settings(home=folder, environment="test", identity_key=identity_key)
        yield Scene(company, organization, {"okta": of_okta, "hris": of_hris}, folder, settings)
