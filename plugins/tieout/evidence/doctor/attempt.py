# SPDX-License-Identifier: Apache-2.0
"""One forbidden act, tried; and what the answer says about the guard that should have refused it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tieout.evidence.doctor.read import error_code
from tieout.evidence.doctor.report import Check, Outcome

REFUSED = {"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden", "403"}
REACHED = {
    "BadDigest",
    "ConditionalRequestConflict",
    "DryRunOperationException",
    "NoSuchKey",
    "NoSuchUpload",
    "NoSuchVersion",
    "PreconditionFailed",
    "XAmzContentChecksumMismatch",
}
"""Answers that come after authorization: the act was let through, and came to nothing for the reason the probe had built in."""
EXPECTED = "refused"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a call: an answer, or an error's code and message."""

    code: str | None
    message: str = ""
    answer: Any = None

    @property
    def refused(self) -> bool:
        """Whether this identity was told that it may not."""
        return self.code in REFUSED

    @property
    def let_through(self) -> bool:
        """Whether it was authorized, whatever came of it then."""
        return self.code is None or self.code in REACHED

    @property
    def found(self) -> str:
        """What to print. AWS says in a refusal's message which kind of policy it was."""
        why = "bucket policy" if "resource-based policy" in self.message else ""
        why = "the role's own policy" if "identity-based policy" in self.message else why
        if self.refused:
            return f"refused ({self.code}{', ' + why if why else ''})"
        return "done" if self.code is None else f"not refused ({self.code})" if self.let_through else str(self.code)


def attempt(call: Callable[..., Any], **arguments: Any) -> Attempt:
    """Call, and return what came of it.

    Raises:
        Exception: It is no error of the client's: a bug of ours.
    """
    try:
        return Attempt(None, answer=call(**arguments))
    except Exception as error:
        if not hasattr(error, "response") and not type(error).__module__.startswith(("botocore", "urllib3")):
            raise
        response = getattr(error, "response", {})
        return Attempt(error_code(error), str(response.get("Error", {}).get("Message", "")))


def judge_attempt(name: str, tried: Attempt, note: str = "") -> Check:
    """Return the check of an act that has to be refused. An answer that is neither is *cannot check*."""
    outcome = Outcome.CANNOT_CHECK
    if tried.refused:
        outcome = Outcome.AS_EXPECTED
    elif tried.let_through:
        outcome = Outcome.WEAKER
    return Check(name, EXPECTED, f"{tried.found}{note}", outcome)


def not_tried(name: str, why: str) -> Check:
    """Return the check of an act that was not tried."""
    return Check(name, EXPECTED, f"not tried: {why}", Outcome.CANNOT_CHECK)
