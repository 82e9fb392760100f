# SPDX-License-Identifier: Apache-2.0
"""Reconstructs which factors somebody had at a past time, from those there are now and from what the log says of the time since.

1. A factor that is active now and was set up by then stood then.
2. Where the log reaches back to then: of each kind, those that were reset since stood then, but for those set up since that are
   not there any more.
3. A reset of all factors says that there may have been some, and not which; so does a factor whose name is not known, and one
   that was switched off since. What was set up under a name that is not known may be what a later reset took: 2 is left out.
4. What is not found so was not there only if the log reaches back to then, and nothing else took factors away: a user that was
   deactivated lost them without an event. Else nothing can be said of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

FACTOR_SET, FACTOR_RESET, ALL_RESET = "user.mfa.factor.activate", "user.mfa.factor.deactivate", "user.mfa.factor.reset_all"
RESISTANT = frozenset({"webauthn", "u2f", "signed_nonce"})
"""Kinds that can not be phished: they answer to the site's own name only."""
_OFF = frozenset({"INACTIVE", "DISABLED", "EXPIRED"})
_OF_LOG = {
    "FIDO_WEBAUTHN": "webauthn",
    "FIDO2_WEBAUTHN": "webauthn",
    "FIDO_U2F": "u2f",
    "SIGNED_NONCE": "signed_nonce",
    "OKTA_VERIFY_SIGNED_NONCE": "signed_nonce",
    "OKTA_VERIFY_PUSH": "push",
    "OKTA_SOFT_TOKEN": "token:software:totp",
    "GOOGLE_AUTHENTICATOR": "token:software:totp",
    "SMS_FACTOR": "sms",
    "CALL_FACTOR": "call",
    "EMAIL_FACTOR": "email",
    "OKTA_QUESTION": "question",
    "SECURITY_QUESTION": "question",
}


class Factor(NamedTuple):
    """A factor that is there now."""

    kind: str
    status: str
    created: datetime | None
    updated: datetime | None = None


class Change(NamedTuple):
    """An event since then; ``what`` is the kind of factor, or a role; ``None`` where the log does not name it."""

    at: datetime
    takes: bool
    what: str | None


@dataclass(frozen=True, slots=True)
class Enrollment:
    """The factors that somebody had.

    Attributes:
        kinds: Those that are known to have been there.
        is_whole: Whether it is known that there was no other.
    """

    kinds: frozenset[str]
    is_whole: bool


def kind_of(name: str | None) -> str | None:
    """Return the kind of a factor that the log names; ``None`` for a name that is not known."""
    return _OF_LOG.get((name or "").upper())


def enrolled_at(
    end: datetime, factors: Collection[Factor], changes: Sequence[Change], *, log_reaches: bool, still_active: bool
) -> Enrollment:
    """Return the factors that somebody had at a time.

    Args:
        end: The time.
        factors: Of now.
        changes: Since then, in order.
        log_reaches: Whether the log reaches back to then.
        still_active: Whether the user is active now and was not activated since.
    """
    kinds = {each.kind for each in factors if each.status == "ACTIVE" and each.created is not None and each.created <= end}
    named = [each for each in changes if each.what is not None]
    if log_reaches and all(each.takes for each in changes if each.what is None):
        kinds |= {str(each.what) for each in named if each.takes and _gone(each.what, named, factors, end) > 0}
    switched_off = any(each.status in _OFF and each.updated is not None and each.updated > end for each in factors)
    is_whole = log_reaches and still_active and len(named) == len(changes) and not switched_off
    return Enrollment(frozenset(kinds), is_whole)


def _gone(kind: str | None, changes: Sequence[Change], factors: Collection[Factor], end: datetime) -> int:
    """Return how many factors of a kind stood at a time and were reset since."""
    count = Counter(each.takes for each in changes if each.what == kind)
    new = sum(1 for each in factors if each.kind == kind and each.created is not None and each.created > end)
    return count[True] - max(0, count[False] - new)


def stood_at(end: datetime, since: Collection[datetime | None], changes: Sequence[Change], *, log_reaches: bool) -> bool | None:
    """Return whether a role, or a membership, stood at a time; ``None`` where that can not be known.

    Args:
        end: The time.
        since: Of what stands now, since when; ``None`` where that is not told.
        changes: Since then, in order: of roles, or of this group.
        log_reaches: Whether the log reaches back to then.
    """
    if any(each is not None and each <= end for each in since):
        return True
    if not log_reaches:
        return None
    if not changes:
        return any(each is None for each in since)
    if changes[0].takes:
        return True
    # Of several roles the log does not say which: one that was taken after another was given may have stood then.
    return None if any(each.takes for each in changes) else False


def is_met(enrollment: Enrollment, is_administrator: bool | None, not_counted: Collection[str]) -> bool | None:
    """Return whether somebody had the factor that is expected: a second one, and of an administrator one of `RESISTANT`.

    ``None`` where that can not be known: never a pass.
    """
    if enrollment.kinds & RESISTANT:
        return True
    has_any = bool(enrollment.kinds - frozenset(not_counted))
    if has_any and is_administrator is False:
        return True
    if not enrollment.is_whole or (has_any and is_administrator is None):
        return None
    return False
