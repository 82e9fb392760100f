# SPDX-License-Identifier: Apache-2.0
"""The pages that land beside the rows of a campaign whose items are answered one by one by very many people.

    page-00000.csv        the rows, numbered
    page-00001.csv        every document of the campaign: what of it counts, and what does not and why
    page-00002.jsonl.gz   all of these documents, as they were signed, a line each

The same campaign gives the same bytes. In CSV an apostrophe stands before what a spreadsheet program could take for a formula.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tieout.audit.spreadsheet import numbered, numbered_schema, write_csv
from tieout.campaigns.said import COLUMNS, document_rows, record_row
from tieout.contracts.odcs import Contract
from tieout.flows.campaign_answered import CampaignAnswered
from tieout.flows.staged_rows import staged_batches
from tieout.flows.written_pages import WrittenPage, in_tables, written


def response_pages(answered: CampaignAnswered, contract: Contract, folder: Path) -> tuple[WrittenPage, ...]:
    """Write the pages into a folder that holds the staged rows, and return them in order."""
    rows, documents, signed = (folder / name for name in ("page-00000.csv", "page-00001.csv", "page-00002.jsonl.gz"))
    write_csv(rows, numbered_schema(contract.schema), numbered(staged_batches(folder, contract.schema.names)))
    write_csv(documents, numbered_schema(COLUMNS), numbered(in_tables(campaign_documents(answered), COLUMNS)))
    _write_signed(answered, signed)
    return (
        written(rows, "rows of the campaign, numbered"),
        written(documents, "documents of the campaign, each with what of it counts"),
        written(signed, "documents of the campaign as they were signed: key, version, SHA-256, and the bytes in Base64"),
    )


def campaign_documents(answered: CampaignAnswered) -> Iterator[dict[str, Any]]:
    """Yield a row of `COLUMNS` for the opening, and for each document of the ledger by time."""
    opened = answered.documents[answered.opened.key]
    said = {"at": answered.opened.at, "by": answered.opened.by}
    yield record_row("campaign opened", opened.key, opened.sha256, said)
    ledger = answered.ledger
    known = {
        event: (document.key, document.sha256)
        for event in ledger.events
        if (document := answered.documents.get(ledger.key_of(event) or "")) is not None
    }
    yield from document_rows(answered.state, ledger.events, known)


def _write_signed(answered: CampaignAnswered, path: Path) -> None:
    with path.open("wb") as sink, gzip.GzipFile(filename="", mode="wb", fileobj=sink, mtime=0) as packed:
        for document, data in answered.noting.spooled():
            line = {**document.as_document(), "bytes": base64.b64encode(data).decode()}
            packed.write(json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n")
