# SPDX-License-Identifier: Apache-2.0
"""A form in a bucket, its pages over real HTTP, and a browser that sends whatever a test wants sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from tests.unit.campaigns.scene import POPULATION, Signers
from tests.unit.slack.scene import serving
from tests.unit.web.browsing import USERS, SimpleUser, World, form_in

from tieout.campaigns.definition import Choice, Definition, Leftovers, Pin, Schedule
from tieout.campaigns.ledger import Ledger
from tieout.campaigns.responder import Responder
from tieout.campaigns.writer import Writer
from tieout.confirmations.requests import Asking, campaign_items, request_row
from tieout.confirmations.uploads import MEDIA_TYPES
from tieout.criteria.forms import Form
from tieout.desks.campaign_desk import CampaignDesk
from tieout.desks.case import Case
from tieout.desks.forms import FormDesk
from tieout.desks.items import CONFIRMING, Item
from tieout.evidence.layout import Class, class_of
from tieout.evidence.store import Retention, S3Store
from tieout.settings import Settings

MOST_BYTES = 2_000_000
FORM = Form.model_validate(
    {
        "title": "Restore <b>test</b>",
        "introduction": "Confirm that a backup was restored.",
        "fields": [
            {"type": "date", "id": "restored_on", "label": "Day of the restore"},
            {"type": "number", "id": "hours", "label": "Time it took", "unit": "hours", "help": "Until it ran again."},
            {
                "type": "choice", "id": "result", "label": "Result",
                "options": [{"id": "met", "label": "Whole"}, {"id": "failed", "label": "Not whole"}],
            },
            {
                "type": "text", "id": "remedy", "label": "What failed", "multiline": True, "required": False,
                "required_when": {"field": "result", "chosen": ["failed"]},
            },
            {
                "type": "file", "id": "proof", "label": "Log", "kinds": list(MEDIA_TYPES), "most_files": 2,
                "most_bytes": MOST_BYTES,
            },
        ],
        "effective_date": "restored_on",
        "due": {"days": 10},
        "second_review": {"due": {"days": 5}, "answer": {"days": 5}},
    }
)  # fmt: skip
ANSWERS = {"restored_on": "2026-02-03", "hours": "1.5", "result": "met"}
LOG = ("restore.txt", b"restored, and whole\n")
Files = Sequence[tuple[str, bytes]]
_NUMBERS = count()


class FormBench:
    """A form that ann is asked to fill in and len looks at, in a bucket of its own."""

    def __init__(
        self,
        store: S3Store,
        signers: Signers,
        repository: Path,
        lookers: Sequence[str] = ("len",),
        pins: Mapping[str, Pin | None] | None = None,
        form: Form = FORM,
    ) -> None:
        self.store, self.signers = store, signers
        self.browsers: list[httpx.Client] = []
        self.now = datetime.now(UTC).replace(microsecond=0)
        opened = self.now - timedelta(minutes=30)
        days = (date(2026, 1, 1), date(2026, 3, 31))
        row = request_row(
            Asking(
                system="confirmations", campaign="a1_3.2026-Q1", form=form, as_of=datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC),
                window=days, period=(date(2026, 1, 1), date(2026, 6, 30)), due_on=date(2026, 4, 10),
                owners=("Platform Lead", ["ann", "bob"]), lookers=("Head", lookers) if lookers else None,
            )
        )  # fmt: skip
        plain = {name: each.isoformat() if isinstance(each, (date, datetime)) else each for name, each in row.items()}
        items, assignments = campaign_items([plain])
        self.campaign = Definition(
            campaign="a1_3.2026-Q1", control="a1_3", observation_period="2026-H1", window="2026-Q1", kind="owner_confirmation",
            populations=(POPULATION,), schedule=Schedule(opened, opened + timedelta(10), (), None, (opened + timedelta(20),)),
            choices={"confirmed": Choice(), "not confirmed": Choice(offered=False)}, leftovers=Leftovers.DECIDE,
            leftover_choice="not confirmed", items=items, assignments=assignments,
            pins=pins or dict.fromkeys(["ann", "bob", "mia", *lookers]), managers_of_program=("mia",), lookers=tuple(lookers),
        )  # fmt: skip
        [self.item], [self.assignment] = items, assignments
        retention = Retention("COMPLIANCE", self.now + timedelta(days=366), "AES256", "")
        self.writer = Writer(self.campaign, store, signers.landing, retention)
        self.writer.open("task", self.now)
        self.row = row
        self.case = Case(
            ledger=Ledger(self.campaign, store, signers.key_list),
            responder=Responder(self.campaign, store, signers.response, retention, lambda: datetime.now(UTC)),
            title="Confirmation 2026-Q1", unit="forms", labels={}, introduction="",
            item=lambda item: Item(id=item, row_sha256=items[item].row_sha256, title=form.title),
            named=lambda _: form.title, posted=lambda _: None, words=CONFIRMING, row=lambda _: row,
        )  # fmt: skip
        clock = lambda: datetime.now(UTC)  # noqa: E731
        cases = {self.campaign.campaign: self.case}
        forms = FormDesk(lambda: cases, Settings(home=repository), clock)
        self.desk = CampaignDesk(
            cases.copy, lambda persons: dict.fromkeys(persons, "Ann Other"), clock, lambda work: work(), forms
        )
        USERS.update({name: SimpleUser(f"{name}@x.example") for name in ("ann", "bob", "mia", "len")})
        self.world = World(site={"desk": lambda: self.desk, "person_of": lambda address: address.split("@")[0], "now": clock})

    @property
    def form(self) -> str:
        """Where the form is."""
        return f"/tieout/confirmations/{self.campaign.campaign}/{self.assignment}"

    @property
    def look(self) -> str:
        """Where it is looked at."""
        return f"/tieout/second-reviews/{self.campaign.campaign}/{self.assignment}"

    def keys(self, *kinds: Class) -> list[str]:
        """Return what people have stored, of some kinds."""
        return [key for key in self.store.keys("responses/") if not kinds or class_of(key) in kinds]

    def payloads(self) -> list[dict[str, Any]]:
        """Return what the responses say."""
        read = [json.loads(self.store.read(key, None) or b"") for key in self.keys(Class.RESPONSE)]
        found = [json.loads(base64.b64decode(each["payload"])) for each in read]
        return sorted(found, key=lambda each: each["stored_at"]["at"])


class Browser:
    """Somebody at the pages, over real HTTP."""

    def __init__(self, bench: FormBench, address: str, user: str = "ann") -> None:
        self.bench, self.user = bench, user
        self.http = httpx.Client(base_url=address, timeout=30, headers={"x-user": user, "accept-language": "en-GB"})
        bench.browsers.append(self.http)

    def token(self, path: str = "") -> str:
        """Open a page, and return the stamp of its form."""
        answer = self.http.get(path or self.bench.form)
        assert answer.status_code == 200, answer.text
        return form_in(answer).fields["token"]

    def hand_in(self, files: Files = (LOG,), token: str | None = None, **answers: str) -> httpx.Response:
        """Fill in the form and submit it, byte for byte as a browser would, whatever the names of files are."""
        fields = {"token": self.token() if token is None else token}
        fields |= {f"f.{name}": text for name, text in (ANSWERS | answers).items()}
        return self.send(multipart(fields, files))

    def send(self, body: bytes, path: str = "", **headers: str) -> httpx.Response:
        """Submit a body as it is."""
        said = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "sec-fetch-site": "same-origin", **headers}
        return self.http.post(path or self.bench.form, content=body, headers=said)

    def say(self, said: str, reason: str = "", token: str | None = None) -> httpx.Response:
        """Accept, or return with a question."""
        fields = {"token": self.token(self.bench.look) if token is None else token, "said": said, "reason": reason}
        return self.http.post(self.bench.look, data=fields, headers={"sec-fetch-site": "same-origin"})


def new_bench(client: Any, signers: Signers, repository: Path) -> FormBench:
    """Return a form in a bucket of its own, in a store without any."""
    bucket = f"evidence-forms-{next(_NUMBERS)}"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    return FormBench(S3Store(client, bucket), signers, repository)


BOUNDARY = "tieout-test-boundary"


def multipart(fields: dict[str, str], files: Files, name: str = "f.proof") -> bytes:
    """Return a form with files as bytes."""
    parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n'.encode() + text.encode() for key, text in fields.items()]
    for given, data in files:
        quoted = given.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode("utf-8", "surrogatepass")
        head = f'Content-Disposition: form-data; name="{name}"; filename="'.encode() + quoted + b'"\r\n'
        parts.append(head + b"Content-Type: image/svg+xml\r\n\r\n" + data)  # what a browser says of a type is not believed
    edge = f"--{BOUNDARY}".encode()
    return b"".join(edge + b"\r\n" + part + b"\r\n" for part in parts) + edge + b"--\r\n"


@contextmanager
def browsing(bench: FormBench) -> Iterator[str]:
    """Serve the pages."""
    with serving(bench.world.airflow) as address:
        yield address
        for each in bench.browsers:
            each.close()
    bench.world.pool.close()
