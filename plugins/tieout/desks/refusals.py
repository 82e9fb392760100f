# SPDX-License-Identifier: Apache-2.0
"""Why somebody may not answer, for them to read."""

from __future__ import annotations

from tieout.campaigns.facts import Why

_WORDS = {
    Why.OWN: "This is about yourself: somebody else has to decide it.",
    Why.LEFT: "You have left the company since this began.",
    Why.OTHER_SLOT: "Two people decide this apart, and you are the other one.",
    Why.DECIDED: "Somebody else has decided this.",
    Why.COVER_NOT_IN_FORCE: "Your cover has not begun, or is over.",
    Why.NOT_OPEN_YET: "This has not been opened yet.",
    Why.NO_REASON: "A reason is missing.",
    Why.ROW_DIFFERS: "This is not what was frozen. Open it again.",
    Why.ODD_TIMES: "You said this more than an hour ago. Please say it again.",
    Why.OTHER_ANSWER: "Another answer has been handed in since. Open it again, and look at that.",
    Why.OWN_ANSWER: "You have handed this in yourself: somebody else has to look at it.",
    Why.REVIEWED: "You were asked in this review, or have decided something in it: somebody else signs it off.",
}
NOT_GIVEN = "This was not given to you, or is somebody else's now."
ON_ITS_PAGE = "This is a form with files. Please fill it in on its page: in Airflow, under Tieout, My reviews."
NO_FORM = "There is no such form, or it was not given to you."
ACCEPTED = "What was handed in has been accepted. Nothing is left to do here."
NO_LOOK = "Nothing here waits for you to look at it, or somebody else has done so by now."
"""Said of what is not there as well: nobody learns which there are."""
NO_FILE = "What was handed in has no such file. Open the page again."


def in_words(why: Why, closed: str | None) -> str:
    """Return why somebody may not answer, for them to read."""
    if why in (Why.CLOSED, Why.CANCELLED):
        return closed or "It takes no more answers."
    return _WORDS.get(why, NOT_GIVEN)
