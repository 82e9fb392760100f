# SPDX-License-Identifier: Apache-2.0
"""Campaigns: human work on a frozen population. People answer for items; what is open, whose and until when is folded from that.

    definition   what is asked, of whom, until when: fixed when the campaign opens
    events       what people and the campaign's task have said since
    folding      the state that follows from both, in whatever order they arrive
    rights       who may answer an item
    reminders    whom to tell what now; escalation: what goes to somebody else; lists: what is late, to whom people report
    leftovers    whether it can close, and what becomes of what is open
    ledger, responder, writer, outbox     the rim: the bucket, and what was sent

Nothing here knows what a campaign is about.
"""
