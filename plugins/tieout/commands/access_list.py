# SPDX-License-Identifier: Apache-2.0
"""``tieout access list``: recorded links and acceptances, and what CloudTrail's log files say of reads."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tieout.commands.access import access
from tieout.commands.common import evidence_options, open_evidence, printable
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.audit.access_log import Read, RecordedLinks
    from tieout.evidence.key_list import KeyList
    from tieout.evidence.sources import Evidence
    from tieout.flows.access import Recorded
    from tieout.flows.access_log import LogFiles

__all__ = ["access"]  # with every command of the group
_NO_ROOT = "no trust root: no signature was checked. Give --root the fingerprint that you received outside the bucket."


@access.command("list")
@evidence_options
@click.option("--cloudtrail", type=click.Path(path_type=Path), help="Folder of log files that CloudTrail delivered.")
@click.option("--log-bucket", help="With --copy and --cloudtrail: the evidence bucket whose reads are listed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_(
    bucket: str | None,
    endpoint_url: str | None,
    copy_folder: Path | None,
    root: str | None,
    cloudtrail: Path | None,
    log_bucket: str | None,
    *,
    as_json: bool,
) -> None:
    """List recorded links and acceptances of NDAs; with --cloudtrail, who read what as well.

    Exit code 0 only if each is signed and in order under the root, and every log file could be read.
    """
    from tieout.audit.access_log import RecordedLinks
    from tieout.flows.access import read_accesses
    from tieout.flows.access_log import LogFiles

    evidence, links, fine = open_evidence(bucket, endpoint_url, copy_folder), RecordedLinks(), True
    keys = _keys(evidence, root or from_environment().root_fingerprint)
    for recorded in read_accesses(evidence, keys):
        fine = fine and recorded.checked and recorded.problem is None
        _remember(recorded, links)
        click.echo(json.dumps(_document(recorded)) if as_json else _line(recorded))
    if keys is None:
        click.echo(json.dumps({"what": "note", "said": _NO_ROOT}) if as_json else f"note: {_NO_ROOT}")
        fine = False
    if cloudtrail is not None:
        if (name := log_bucket or evidence.bucket) is None:
            raise click.UsageError("a copy does not tell its bucket's name: give --log-bucket.")
        files = LogFiles(cloudtrail, name)
        for line in _reads(files, links, as_json=as_json):
            click.echo(line)
        for line in _about(files, links, as_json=as_json):
            click.echo(line)
        fine = fine and not files.unread_count
    sys.exit(0 if fine else 1)


def _keys(evidence: Evidence, root: str) -> KeyList | None:
    from tieout.evidence.key_folder import editions_of
    from tieout.evidence.key_list import check_editions

    return check_editions(editions_of(evidence), root) if root else None


def _remember(recorded: Recorded, links: RecordedLinks) -> None:
    from tieout.audit.accesses import Use

    if isinstance(recorded.said, Use) and recorded.at is not None and recorded.checked:
        links.add(recorded.said, recorded.person, recorded.at)


def _document(recorded: Recorded) -> dict[str, Any]:
    said = recorded.said.model_dump(exclude={"once"}) if recorded.said else {}
    head = {"response": recorded.key, "at": recorded.at and _instant(recorded.at), "person": recorded.person or None}
    return {**head, **said, "signature_checked": recorded.checked, "problem": recorded.problem}


def _line(recorded: Recorded) -> str:
    from tieout.audit.accesses import Use

    said = recorded.said
    if said is None or recorded.at is None:
        return printable(f"{'not readable':<20}  {recorded.key}: {recorded.problem}")
    checked = "signature checked" if recorded.checked else "signature not checked"
    head = f"{_instant(recorded.at)}  {said.what:<12}  {recorded.person}  {said.firm}  {said.grant}"
    if isinstance(said, Use):
        return printable(f"{head}  {said.key}  version {said.version_id}  good until {said.valid_until[:19]}Z  {checked}")
    return printable(f"{head}  text {said.nda_sha256}  {checked}")


def _reads(files: LogFiles, links: RecordedLinks, *, as_json: bool) -> Iterator[str]:
    for read in files.reads():
        persons = links.persons(read)
        yield json.dumps(_read_document(read, persons)) if as_json else _read_line(read, persons)


def _read_document(read: Read, persons: list[str]) -> dict[str, Any]:
    return {
        "at": _instant(read.at), "what": "read", "event": read.event, "who": read.who, "access_key_id": read.access_key_id,
        "key": read.key, "version_id": read.version_id, "by_link": read.by_link, "link_asked_for_by": persons,
        "refused": read.refused, "bytes_out": read.bytes_out, "source": read.source, "event_id": read.id,
    }  # fmt: skip


def _read_line(read: Read, persons: list[str]) -> str:
    version = f"  version {read.version_id}" if read.version_id else ""
    link = f"  by a link{' that ' + ' or '.join(persons) + ' asked for' if persons else ''}" if read.by_link else ""
    refused = f"  refused: {read.refused}" if read.refused else ""
    source = f"  from {read.source}" if read.source else ""
    return printable(f"{_instant(read.at)}  {read.event:<18}  {read.who}  {read.key or '-'}{version}{link}{refused}{source}")


def _about(files: LogFiles, links: RecordedLinks, *, as_json: bool) -> Iterator[str]:
    """Yield what was read, and what such a list can not say: it stands with the list itself."""
    from tieout.audit.access_log import MOST_USES
    from tieout.flows.access_log import LIMITS

    first, last = (each and _instant(each) for each in (files.first, files.last))
    if as_json:
        about = {
            "what": "log files", "folder": str(files.folder), "bucket": files.bucket, "files": files.files,
            "digest_files_skipped": files.digests, "events": files.records, "first": first, "last": last,
            "not_read": [{"file": name, "reason": reason} for name, reason in files.unread], "not_read_count": files.unread_count,
            "links_recorded": links.count, "links_matched_against": min(links.count, MOST_USES), "limits": LIMITS,
        }  # fmt: skip
        yield json.dumps(about)
        return
    span = f"from {first} to {last}" if first else "of no time at all"
    yield f"note: {files.files} log files, {files.records} events {span}; {files.digests} digest files skipped"
    yield from (printable(f"note: not read, or not to its end: {name}: {reason}") for name, reason in files.unread)
    if (more := files.unread_count - len(files.unread)) > 0:
        yield f"note: and {more} more that could not be read"
    if links.count > MOST_USES:
        yield f"note: reads were held against the first {MOST_USES} of {links.count} recorded links"
    yield from (f"note: {limit}" for limit in LIMITS)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
