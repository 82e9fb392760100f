# SPDX-License-Identifier: Apache-2.0
"""A plugin of Airflow's with our pages over a desk in memory, as ``plugins/tieout_plugin.py`` has them over the ledger.

Runs in the api-server. Tests speak with it through the folder that `FOLDER` names: each answer is a line of ``answers.jsonl``;
while ``down`` stands there, the desk does not answer, and where ``forget`` does, it forgets all answers first.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from tests.unit.web.desk import Given, Memory, item
from tieout.desks.desk import Answer, Member, Refused, Stored
from tieout.desks.items import Item
from tieout.errors import StoreUnavailable
from tieout.settings import Settings
from tieout.web.navigation import external_views

FOLDER = "PAGES_FOLDER"
LONG = "svc-deployment-automation-for-the-payments-platform-and-its-" + "sub" * 20
ROWS: tuple[dict[str, Any], ...] = (
    {"title": "ada-l, admin of shop/storefront", "flags": ("privileged", "new since the last review")},
    {"title": "m.hassan, write to shop/payments"},
    {"title": f"{LONG}, write to shop/payments", "holder": None, "flags": ("service account without owner",)},
    {"title": "j.weiss, admin of shop/ledger", "flags": ("dormant", "no MFA", "privileged")},
    {"title": "old-intern, write to shop/storefront", "flags": ("terminated",)},
    {"title": "d.cohen, read of shop/ledger", "flags": ("toxic pair: with payments approver",)},
)
NAMES = ("Ada Lovelace", "محمد حسن", "", "Jörg Weiß-Müller von der Goltz zu Hohenstein", "Þóra Líndal", "דנה כהן")


def _rows() -> tuple[Item, ...]:
    rows = [item(number, flags=(), **row) if "flags" not in row else item(number, **row) for number, row in enumerate(ROWS, 1)]
    return (*rows, *(item(number) for number in range(len(ROWS) + 1, 21)))


@dataclass
class Recording(Memory):
    """A desk that writes down what it stores."""

    folder: Path = Path()

    def answer(self, who: Member, answer: Answer) -> Stored | Refused:
        before = len(self.answers)
        found = super().answer(who, answer)
        if len(self.answers) > before:
            with (self.folder / "answers.jsonl").open("a") as file:
                file.write(json.dumps({"user": who.user, "person": who.person, **asdict(answer)}, default=str) + "\n")
        return found

    def _begin(self, method: str) -> None:
        if (self.folder / "forget").exists():
            self.forget()
            (self.folder / "forget").unlink(missing_ok=True)
        if (self.folder / "down").exists():
            raise StoreUnavailable(f"{method}: the store did not answer")


@cache
def desk() -> Recording:
    """Return the desk: 20 items for Ada, of which six look like those of a company, and 3 for Grace."""
    given = {
        "1-ada": Given("ada@shop.example", "GitHub, as owner of the system", _rows()),
        "1-grace": Given("grace@shop.example", "Okta, as manager", tuple(item(number) for number in range(101, 104))),
    }
    names = {f"person-{number:020x}": f"Person {number}" for number in range(1, 200)}
    names |= {f"person-{number:020x}": name for number, name in enumerate(NAMES, 1) if name}
    return Recording(given=given, known=names, size=6, folder=Path(os.environ[FOLDER]))


@cache
def apps() -> list[dict[str, Any]]:
    """Return what is mounted."""
    from tieout.web.mount import pages

    return [{"name": "Tieout", "app": pages(Settings(home=Path(__file__).parents[2]), desk), "url_prefix": "/tieout"}]


class PagesPlugin(AirflowPlugin):
    """What Airflow finds in its plugins folder."""

    name = "tieout_pages"

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """Return the pages."""
        return apps()

    @property
    def external_views(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """Return the view."""
        return external_views(conf.get("api", "base_url", fallback=""))
