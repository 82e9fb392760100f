# SPDX-License-Identifier: Apache-2.0
"""Who may use a route: each names one of these rules, beside that Airflow knows the user. `check` holds every route to it.

- `Rules.signed_in`: any user of Airflow.
- `Rules.person`: a user whose person is known.
- `Rules.assigned`: a person whom the campaign in the path gave the assignment in the path. An assignment of somebody else, and
  one that is not there, are answered alike.
- `Rules.looker`: a person who may accept what is handed in, in the campaign in the path. Others are answered alike, whether it
  is there or not.
- `Rules.granted`: a person with a grant in force (`tieout.criteria.auditor_access`): the one in the path, which reaches the
  period in the path, where it names them. Others are told why.
- `Rules.signer`: a person who is, or was, asked to sign off the campaign in the path. Others are answered alike, whether it is
  there or not.
"""

# Annotations are evaluated where they stand: FastAPI could not find `user` by its name.
import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute

from tieout.desks.desk import Refused
from tieout.desks.refusals import NO_LOOK
from tieout.errors import ConfigurationError
from tieout.web.people import Unknown, Visitor, as_member, visitor_of
from tieout.web.site import Site

_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Turned(Exception):
    """Somebody is turned away: with which HTTP status, why, and what to do about it."""

    def __init__(self, status: int, title: str, reason: str, cure: str = "") -> None:
        super().__init__(title)
        self.status, self.title, self.reason, self.cure = status, title, reason, cure


def visitor(request: Request) -> Visitor:
    """Return who visits a route whose rule asks for a person."""
    found: Visitor = request.state.tieout_visitor
    return found


class Rules:
    """The rules of one installation, as FastAPI dependencies.

    Args:
        site: The installation.
        user: FastAPI dependency that gives Airflow's user, or refuses the request.
    """

    def __init__(self, site: Site, user: Callable[..., Any]) -> None:
        async def signed_in(account: Annotated[Any, Depends(user)]) -> None:
            if account is None:
                raise Turned(401, "Please sign in", "Airflow does not know who you are.")

        async def person(request: Request, account: Annotated[Any, Depends(user)]) -> Visitor:
            found = visitor_of(account, site.person_of)
            if isinstance(found, Unknown):
                raise Turned(403, "Nobody can tell who you are", found.reason, found.cure)
            request.state.tieout_visitor = found
            return found

        async def assigned(request: Request, who: Annotated[Visitor, Depends(person)]) -> None:
            campaign, assignment = request.path_params["campaign"], request.path_params["assignment"]
            if not (_SEGMENT.fullmatch(campaign) and _SEGMENT.fullmatch(assignment)):
                raise _none_such(site, request)
            summary = await site.asked(lambda desk: desk.summary(as_member(who), campaign))
            if summary is None or all(task.assignment != assignment for task in summary.tasks):
                raise _none_such(site, request)

        async def looker(request: Request, who: Annotated[Visitor, Depends(person)]) -> None:
            await _require_looker(site, request, who)

        async def signer(request: Request, who: Annotated[Visitor, Depends(person)]) -> None:
            await _require_asked(site, request, who)

        self.signed_in, self.person = Depends(signed_in), Depends(person)
        self.assigned, self.signer = Depends(assigned), Depends(signer)
        self.looker, self.granted = Depends(looker), _granted(site, person)

    def names(self) -> dict[Callable[..., Any], str]:
        """Return the rules' names, by what FastAPI calls."""
        return {rule.dependency: name for name, rule in vars(self).items() if rule.dependency is not None}


def rules_of(route: object, rules: Rules) -> list[str]:
    """Return the names of the rules that a route has next to it."""
    known = rules.names()
    stated = route.dependencies if isinstance(route, APIRoute) else []
    return [known[each.dependency] for each in stated if each.dependency in known]


def check(app: FastAPI, rules: Rules) -> None:
    """Refuse to serve a route without a rule.

    Raises:
        ConfigurationError: One has none, or more than one.
    """
    for route in app.routes:
        if len(found := rules_of(route, rules)) != 1:
            msg = (
                f"web: expected one rule at {getattr(route, 'path', route)!r}, got {found}. State one of Rules beside the route."
            )
            raise ConfigurationError(msg)


async def _require_asked(site: Site, request: Request, who: Visitor) -> None:
    campaign = request.path_params["campaign"]
    if not _SEGMENT.fullmatch(campaign):
        raise _none_such(site, request)
    asked = await site.asked(lambda desk: desk.sign_off_request(as_member(who), campaign))
    if isinstance(asked, Refused):
        raise Turned(404, "Nothing to sign off", f"{asked.reason}{_stored(request)}", f"Ask {site.ask}.")


async def _require_looker(site: Site, request: Request, who: Visitor) -> None:
    campaign, assignment = request.path_params["campaign"], request.path_params["assignment"]
    known = _SEGMENT.fullmatch(campaign) and _SEGMENT.fullmatch(assignment)
    if not known or not await site.forms(lambda desk: desk.may_look(as_member(who), campaign, assignment)):
        raise Turned(404, "Nothing to look at", f"{NO_LOOK}{_stored(request)}", f"If there should be, ask {site.ask}.")


def _granted(site: Site, person: Callable[..., Any]) -> Any:
    async def granted(request: Request, who: Annotated[Visitor, Depends(person)]) -> None:
        await _require_granted(site, request, who)

    return Depends(granted)


async def _require_granted(site: Site, request: Request, who: Visitor) -> None:
    if not all(_SEGMENT.fullmatch(each) for each in request.path_params.values()):
        raise Turned(404, "No such page", f"There is no such page.{_stored(request)}")
    grant, period = request.path_params.get("grant"), request.path_params.get("period")
    reason = "There is no access for auditors here."
    if site.access is not None:
        if grant is None:
            standing = await site.evidence(lambda desk: desk.standing(who.person))
            reason = "" if standing.grants else standing.said
        else:
            found = await site.evidence(lambda desk: desk.grant(who.person, grant, period))
            reason = found.reason if isinstance(found, Refused) else ""
    if reason:
        raise Turned(403, "No access", f"{reason}{_stored(request)}", f"If there should be, ask {site.ask}.")


def _none_such(site: Site, request: Request) -> Turned:
    reason = f"There is no such review, or it is not yours.{_stored(request)}"
    return Turned(404, "No such review", reason, f"If it should be, ask {site.ask}.")


def _stored(request: Request) -> str:
    return "" if request.method == "GET" else " Nothing was stored."
