# SPDX-License-Identifier: Apache-2.0
"""A people system's API on loopback, as such systems have one: the list of employees, and who joined, moved and left when.

``/employees``: everybody, by ``limit`` and ``offset``, with ``total``. ``/employees/changes``: the same of changes that take
effect in ``[from, until)``, of one ``type`` or all. ``/employees/changes/count``: how many there are. ``Authorization: Bearer``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from tests.simulators.company import Company
from tests.simulators.vendor import Reply, Request

TOKEN = "hris-demo-token"  # of nobody
MAX_LIMIT = 200
_TYPES = ("hire", "leave", "transfer")


class Hris:
    """The people system of a company."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def answer(self, request: Request, base: str) -> Reply:
        """Answer a request."""
        del base
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"error": {"code": "unauthorized", "message": "The access token is not valid."}})
        query = request.query
        limit, offset = int(query.get("limit", "50")), int(query.get("offset", "0"))
        if not 1 <= limit <= MAX_LIMIT:
            return Reply(400, {"error": {"code": "invalid_request", "message": f"limit must be between 1 and {MAX_LIMIT}."}})
        if request.path == "/employees":
            numbers = range(self.company.people)[offset : offset + limit]
            employees = [self._employee(number) for number in numbers]
            return Reply(200, {"total": self.company.people, "limit": limit, "offset": offset, "employees": employees})
        if request.path in ("/employees/changes", "/employees/changes/count"):
            found = list(self._changes(query.get("from", ""), query.get("until", "9999"), query.get("type")))
            if request.path.endswith("/count"):
                return Reply(200, {"count": len(found)})
            changes = [self._change(*each) for each in found[offset : offset + limit]]
            return Reply(200, {"total": len(found), "limit": limit, "offset": offset, "changes": changes})
        return Reply(404, {"error": {"code": "not_found", "message": "There is no such resource."}})

    def _changes(self, since: str, until: str, wanted: str | None) -> Iterator[tuple[str, int]]:
        company = self.company
        times: dict[str, tuple[range, Callable[[int], datetime | None]]] = {
            "hire": (company.joiners, lambda number: company.person(number).hired_at),
            "leave": (company.leavers, lambda number: company.person(number).leaves_at),
            "transfer": (company.movers, company.moved_at),
        }
        for kind in _TYPES if wanted is None else (wanted,):
            for number in times[kind][0]:
                at = times[kind][1](number)
                if at is not None and since <= _stamp(at) < until:
                    yield kind, number

    def _change(self, kind: str, number: int) -> dict[str, Any]:
        person = self.company.person(number)
        at = {"hire": person.hired_at, "leave": person.leaves_at}.get(kind) or self.company.moved_at(number)
        return {
            "id": f"{kind}-{person.employee_id}",
            "type": kind,
            "effective_at": _stamp(at),
            "employee": self._employee(number),
        }

    def _employee(self, number: int) -> dict[str, Any]:
        person = self.company.person(number)
        return {
            "employee_number": person.employee_id,
            "name": f"{person.first} {person.last}",
            "work_email": person.email,
            "employment_type": "contractor" if number % 9 == 4 else "employee",
            "department": person.department,
            "manager": f"E{person.manager:06}",
            "hire_date": person.hired_at.date().isoformat(),
            "termination_date": person.leaves_at.date().isoformat() if person.leaves_at else None,
        }


def _stamp(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")
