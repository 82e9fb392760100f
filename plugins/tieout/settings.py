# SPDX-License-Identifier: Apache-2.0
"""Every knob, typed, with its default and its meaning. Each is read from one ``TIEOUT_*`` variable.

No secret is a setting: credentials live in Airflow Connections, or in the AWS credential chain of whoever runs the CLI.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import get_type_hints

from tieout.errors import ConfigurationError


def _project_folder() -> Path:
    folder = Path(__file__).resolve().parents[2]
    return folder if (folder / "include").is_dir() else Path()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one installation; the name of each field, upper-cased after ``TIEOUT_``, is its variable."""

    home: Path = field(default_factory=_project_folder)
    """Folder that holds ``include/``; relative paths in YAML files start here. Default: the folder that holds
    ``plugins/tieout/`` if it has an ``include/``, else the working folder."""
    environment: str = "unspecified"
    """What the IPE record calls this installation, for example ``production``."""
    evidence_bucket: str = "tieout-evidence"
    """Bucket with Object Lock that the evidence lands in."""
    staging_bucket: str = "tieout-staging"
    """Unlocked, expiring bucket between two tasks. What it holds is checked by hash before it lands."""
    writer_conn_id: str = "tieout_writer"
    """Airflow Connection (type ``aws``) of the identity that writes evidence."""
    landing_key: str = ""
    """Signing key for landings: ``file2:/path/to/key.pem`` (PKCS 8, P-256)."""
    response_key: str = ""
    """Signing key for responses: what management says of deviations, what people answer in campaigns. The api-server, `tieout
    slack` and whoever answers on the command line have it, and no task."""
    responder_conn_id: str = "tieout_responder"
    """Airflow Connection (type ``aws``) of the identity that puts ``responses/``: pages and Slack store answers as it."""
    links_conn_id: str = ""
    """Airflow Connection (type ``aws``) of the identity that auditors' links are signed as: it gets versions of objects, and does
    nothing else. Empty: the responder signs them, and there are none to raw pages, which the pages' process must not read."""
    root_fingerprint: str = ""
    """Fingerprint of the root key, as the auditor got it outside the bucket. Campaigns, and whoever shows them, take nothing for
    said that no key of a list under this root has signed."""
    campaign_poll_seconds: int = 900
    """Seconds between two looks of a campaign's task at what has been answered, and at whom to tell what."""
    relay_seconds: int = 5
    """Seconds between two looks of the api-server at what waits for a sign-off in Airflow, and at what was answered there."""
    identity_bucket: str = ""
    """Unlocked, expiring bucket that says whose address a person id stands for. With ``identity_key`` it turns person ids on:
    without both, e-mail addresses land as the source gives them."""
    identity_key: str = ""
    """Key of the person ids: ``file:/path`` of 32 random bytes. With another key, every id is another."""
    identity_sse_key_id: str = ""
    """KMS key of the identity bucket: destroying it makes the whole table unreadable. Empty means ``AES256``."""
    digest_conn_id: str = "tieout_digest"
    """Airflow Connection (type ``aws``) of the identity that lists the bucket and writes digests and index, nothing else."""
    digest_key: str = ""
    """Signing key for digests; in production only workers of ``digest_queue`` have it."""
    digest_cadence_seconds: int = 3600
    """Seconds between two digests: 3600 hourly, up to 86400 daily. Verification expects the chain to keep up with it."""
    digest_queue: str = ""
    """Celery or Kubernetes queue that digests run on; empty is the default queue."""
    tsa_url: str = ""
    """Time-stamp authority (RFC 3161) that each digest is sent to; empty for none."""
    tsa_roots: str = ""
    """PEM file of that authority's root certificate: its reply is checked before it is stored."""
    announce_to: str = ""
    """File that holds the address of a channel or mailbox of the auditor's, which each digest's hash is sent to: an incoming
    webhook, or ``smtp://host:port?from=...&to=...``. The address is a secret, hence a file."""
    slack_conn_id: str = ""
    """Airflow Connection (type ``slack``) of the workspace that people answer in, and that readiness looks control owners up
    with; empty for none."""
    mail_conn_id: str = ""
    """Airflow Connection (type ``smtp``) that personal links are mailed with, to people of a campaign who have no account in
    Slack; empty for none."""
    pages_url: str = ""
    """Where people without an Airflow user reach the api-server from, for the links in mails: ``https://airflow.example.com``."""
    slack_processes: int = 1
    """Processes beside each worker of the api-server in which what Slack sends is answered."""
    notice_days: int = 7
    """How many days ahead freshness says that something is about to be missed."""
    abandon_after_hours: int = 24
    """Hours after which evidence that no manifest names is recorded as abandoned: longer than any landing takes."""
    retention_mode: str = "COMPLIANCE"
    """Object Lock mode: ``COMPLIANCE`` or ``GOVERNANCE``."""
    retention_years: int = 7
    """Years that evidence stays locked, counted from the end of its observation period, where its contract states none."""
    retention_cap_years: int = 12
    """No lock may reach further than this from now: a bug must not lock for a century."""
    sse: str = "AES256"
    """Server-side encryption asked for: ``AES256`` or ``aws:kms``."""
    sse_key_id: str = ""
    """KMS key for ``aws:kms``; empty means the bucket's own default key."""
    part_rows: int = 2_000_000
    """Most rows in one Parquet part; a larger population lands in several."""
    retries: int = 3
    """How often a task retries a transient error."""
    retry_delay_seconds: int = 60
    """Seconds before the first retry; later ones wait exponentially longer, 15 minutes at the most."""

    @property
    def criteria_folder(self) -> Path:
        """Folder of catalogue, scope, controls and assessments."""
        return self.home / "include" / "criteria"

    @property
    def controls_folder(self) -> Path:
        """Folder of the control YAML files."""
        return self.criteria_folder / "controls"

    @property
    def contracts_folder(self) -> Path:
        """Folder of the ODCS contracts."""
        return self.home / "include" / "evidence_schemas"

    @property
    def scope_file(self) -> Path:
        """The scope file."""
        return self.criteria_folder / "scope.yaml"

    @property
    def digest_cadence(self) -> timedelta:
        """How often digests are made."""
        return timedelta(seconds=self.digest_cadence_seconds)

    def resolve(self, path: str) -> Path:
        """Return ``path`` as it is when absolute, else under ``home``."""
        return self.home / path


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from ``TIEOUT_*`` variables.

    Args:
        environ: The variables; anything that does not start with ``TIEOUT_`` is left alone.

    Raises:
        ConfigurationError: A variable that is no setting, or a value of the wrong type or range.
    """
    hints = get_type_hints(Settings)
    known = {f"TIEOUT_{knob.name.upper()}": knob.name for knob in fields(Settings)}
    values: dict[str, object] = {}
    for variable, raw in environ.items():
        if not variable.startswith("TIEOUT_"):
            continue
        if variable not in known:
            msg = f"{variable}: no such setting. Known settings: {', '.join(sorted(known))}."
            raise ConfigurationError(msg)
        name = known[variable]
        try:
            values[name] = hints[name](raw)
        except ValueError as error:
            msg = f"{variable}: expected {hints[name].__name__}, got {raw!r}."
            raise ConfigurationError(msg) from error
    settings = Settings(**values)  # type: ignore[arg-type]
    _check(settings)
    return settings


_PAGES = re.compile(r"https://[^\s#?@]+[^\s#?@/]|http://(127\.0\.0\.1|localhost)(:\d+)?")
_RANGES = {
    "digest_cadence_seconds": (60, 86_400),
    "campaign_poll_seconds": (5, 86_400),
    "relay_seconds": (1, 300),
    "slack_processes": (1, 16),
    "notice_days": (1, 92),
}


def _check_mail(settings: Settings) -> None:
    if settings.mail_conn_id and not _PAGES.fullmatch(settings.pages_url):
        msg = (
            "TIEOUT_PAGES_URL: expected an https address such as https://airflow.example.com beside TIEOUT_MAIL_CONN_ID (http on "
            f"this machine alone), got {settings.pages_url!r}. Personal links in mails lead there."
        )
        raise ConfigurationError(msg)


def _check(settings: Settings) -> None:
    if settings.retention_mode not in ("COMPLIANCE", "GOVERNANCE"):
        msg = f"TIEOUT_RETENTION_MODE: expected COMPLIANCE or GOVERNANCE, got {settings.retention_mode!r}."
        raise ConfigurationError(msg)
    if settings.sse not in ("AES256", "aws:kms"):
        msg = f"TIEOUT_SSE: expected AES256 or aws:kms, got {settings.sse!r}."
        raise ConfigurationError(msg)
    if not 1 <= settings.retention_years <= settings.retention_cap_years:
        msg = (
            f"TIEOUT_RETENTION_YEARS: expected 1 to {settings.retention_cap_years} "
            f"(TIEOUT_RETENTION_CAP_YEARS), got {settings.retention_years}."
        )
        raise ConfigurationError(msg)
    if bool(settings.identity_bucket) != bool(settings.identity_key):
        absent = "TIEOUT_IDENTITY_KEY" if settings.identity_bucket else "TIEOUT_IDENTITY_BUCKET"
        msg = f"{absent}: expected it beside the other one, got nothing. Person ids need both; without them set neither."
        raise ConfigurationError(msg)
    if settings.root_fingerprint and not re.fullmatch(r"[0-9a-fA-F]{64}", settings.root_fingerprint):
        msg = (
            "TIEOUT_ROOT_FINGERPRINT: expected the SHA-256 of the root's public key as 64 hexadecimal digits, got something "
            "else. `tieout keys fingerprint` prints it."
        )
        raise ConfigurationError(msg)
    _check_mail(settings)
    for name, (least, most) in _RANGES.items():
        if not least <= (value := getattr(settings, name)) <= most:
            msg = f"TIEOUT_{name.upper()}: expected {least} to {most}, got {value}."
            raise ConfigurationError(msg)
    if settings.abandon_after_hours < 1:
        msg = f"TIEOUT_ABANDON_AFTER_HOURS: expected at least 1, got {settings.abandon_after_hours}."
        raise ConfigurationError(msg)
    if settings.part_rows < 1:
        msg = f"TIEOUT_PART_ROWS: expected at least 1, got {settings.part_rows}."
        raise ConfigurationError(msg)
