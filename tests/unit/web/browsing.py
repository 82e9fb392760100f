# SPDX-License-Identifier: Apache-2.0
"""The pages as Airflow mounts them, and a browser without a screen: follows links, reads forms, fills and submits them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, FastAPI, HTTPException, Request
from httpx import ASGITransport, AsyncClient, Response
from tests.unit.web.desk import CAMPAIGN, NOW, Memory, memory

from tieout.desks.pools import BoundedPool
from tieout.web.app import create_app
from tieout.web.site import Site
from tieout.web.stamps import stamp_key

SITE = "https://airflow.shop.example"
KEY = stamp_key("the secret key of a test's Airflow")
ADA = f"/tieout/campaigns/{CAMPAIGN}/1-ada"
GRACE = f"/tieout/campaigns/{CAMPAIGN}/1-grace"
SIGN = f"/tieout/sign-offs/{CAMPAIGN}"
SAME = {"sec-fetch-site": "same-origin", "origin": SITE}


@dataclass(frozen=True)
class FabUser:
    """What FAB says of a user."""

    id: int
    email: str
    is_anonymous: bool = False

    def get_id(self) -> str:
        return str(self.id)


@dataclass(frozen=True)
class SimpleUser:
    """What the simple auth manager says of a user."""

    username: str

    def get_id(self) -> str:
        return self.username


USERS: dict[str, object] = {
    "ada": FabUser(1, "Ada@shop.example"),
    "grace": FabUser(2, "grace@shop.example"),
    "simple": SimpleUser("ada@shop.example"),
    "nameless": SimpleUser("admin"),
}


async def account(request: Request) -> object:
    """Return the user that a request's header names: stands for Airflow's own `get_user`."""
    user = USERS.get(request.headers.get("x-user", ""))
    if user is None:
        raise HTTPException(401, "Not authenticated")
    return user


def authenticated(user: Annotated[Any, Depends(account)]) -> None:
    """Refuse whoever is nobody: stands for Airflow's `requires_authenticated`."""


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Form:
    """A form on a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    offered: dict[str, list[str]] = field(default_factory=dict)

    def choose(self, choice: str, reason: str = "", *positions: int) -> Form:
        """Fill in the same for all items, or for those at given places on the page, from 1."""
        for place, name in enumerate(self.offered, 1):
            if not positions or place in positions:
                self.fields[name] = choice
                self.fields[name.replace("decision.", "reason.")] = reason
        return self

    def say(self, said: str, reason: str = "") -> Form:
        """Sign off, or return."""
        self.fields |= {"said": said, "reason": reason}
        return self


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Form(said["action"], said["method"])
        elif self.form is not None and tag == "input" and said["type"] == "radio":
            self.form.offered.setdefault(said["name"], []).append(said["value"])
            if "checked" in said:
                self.form.fields[said["name"]] = said["value"]
        elif self.form is not None and tag == "input":
            self.form.fields[said["name"]] = said.get("value", "")
        elif self.form is not None and tag == "textarea":
            self._area = said["name"]
            self.form.fields[self._area] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None and self.form is not None:
            self.form.fields[self._area] += data.removeprefix("\n") if not self.form.fields[self._area] else data


def form_in(answer: Response) -> Form:
    """Return the form on a page."""
    reading = _Reader()
    reading.feed(answer.text)
    assert reading.form is not None, answer.text
    return reading.form


@dataclass
class World:
    """A desk, the pages over it, and whoever looks at them."""

    desk: Memory = field(default_factory=memory)
    clock: Clock = field(default_factory=Clock)
    site: dict[str, Any] = field(default_factory=dict)
    root: str = ""
    pool: BoundedPool = field(default_factory=lambda: BoundedPool("tests-web", 8, 32))

    def __post_init__(self) -> None:
        site = Site(
            **{
                "desk": lambda: self.desk,
                "person_of": str.lower,
                "zone": ZoneInfo("Europe/Berlin"),
                "key": KEY,
                "now": self.clock,
                "pool": self.pool,
                **self.site,
            }
        )
        self.app = create_app(site, authenticated, account)
        self.airflow = FastAPI(root_path=self.root)
        self.airflow.mount("/tieout", self.app)

    def send(self, method: str, path: str, **more: Any) -> Response:
        """Send a request, as it is."""

        async def sent() -> Response:
            async with AsyncClient(transport=ASGITransport(self.airflow), base_url=SITE) as client:
                return await client.request(method, path, **more)

        return asyncio.run(sent())

    def get(self, path: str, user: str = "ada", **headers: str) -> Response:
        """Ask for a page."""
        return self.send("GET", path, headers={"x-user": user, "accept-language": "en-GB", **headers})

    def post(self, form: Form, user: str = "ada", headers: Mapping[str, str] | None = None) -> Response:
        """Submit a form."""
        sent = {"x-user": user, "accept-language": "en-GB", **(SAME if headers is None else headers)}
        return self.send("POST", form.action, data=form.fields, headers=sent)

    def decided(self) -> dict[str, tuple[str, str | None]]:
        """Return all that is decided, by item."""
        return {name: said for each in self.desk.given.values() for name, said in each.decided.items()}


def refused(world: World, status: int, answer_status: int, text: str = "") -> None:
    """Hold that an answer has a status, and that nothing is stored or said to be."""
    assert answer_status == status
    assert "<h1>Stored" not in text
    assert not world.desk.answers
    assert not world.decided()


def worlds() -> Iterator[World]:
    """Yield a world; its threads end with it."""
    made = World()
    yield made
    made.pool.close()
