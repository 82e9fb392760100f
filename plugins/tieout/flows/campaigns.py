# SPDX-License-Identifier: Apache-2.0
"""The campaigns of an installation, whatever they are about: found in the bucket, and loaded from what was sealed there.

1. Nothing counts that is not signed by a key of the list under the root whose fingerprint the settings state.
2. A campaign is called ``<control>.<window>``, so that where its opening stands is known without reading anything else.
3. What it asks is read from its opening and from the landings that this names, never worked out again. It does not change, so
   that it is loaded once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tieout.campaigns.assignments import Assignment, Item
from tieout.campaigns.bulk import without_collecting
from tieout.campaigns.definition import Definition, Population
from tieout.campaigns.ledger import Opened, opened_campaign
from tieout.campaigns.sealed import from_document
from tieout.campaigns.statements import opening_key
from tieout.confirmations import requests
from tieout.criteria.acknowledgments import ASSIGNMENT_TYPE
from tieout.criteria.controls import control_files, load_control
from tieout.criteria.forms import REQUEST_TYPE
from tieout.criteria.reviews import ITEM_TYPE
from tieout.criteria.scope import load_scope
from tieout.errors import CannotCheck, ConfigurationError, LandingConflict, VerificationError
from tieout.evidence.key_folder import editions_of
from tieout.evidence.key_list import KeyList, check_editions
from tieout.evidence.layout import MANIFESTS, Place, partition_values
from tieout.evidence.manifest import Manifest, check_manifest
from tieout.evidence.signed import Received
from tieout.evidence.sources import Bucket
from tieout.evidence.store import S3Store, oldest
from tieout.flows.campaign_window import campaign_of
from tieout.flows.frozen_rows import FrozenRows, read_frozen
from tieout.policies import assigning
from tieout.reviews.assigning import campaign_items, plain_rows
from tieout.settings import Settings

log = logging.getLogger(__name__)

ACCESS_REVIEW, ACKNOWLEDGMENT, CONFIRMATION = "access_review", "policy_acknowledgment", "owner_confirmation"
"""Kinds of campaigns: people review access, acknowledge policies, or confirm what they have done in a form."""
Asked = tuple[dict[str, Item], dict[str, Assignment]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of campaign asks about: the folder of its rows under ``evidence/``, and how they become items."""

    table: str
    ask: Callable[[Iterable[Mapping[str, Any]]], Asked]


KINDS: Mapping[str, Kind] = {
    ACCESS_REVIEW: Kind(ITEM_TYPE.partition(".")[0], campaign_items),
    ACKNOWLEDGMENT: Kind(ASSIGNMENT_TYPE.partition(".")[0], assigning.campaign_items),
    CONFIRMATION: Kind(REQUEST_TYPE.partition(".")[0], requests.campaign_items),
}


@dataclass(frozen=True)
class Loaded:
    """A campaign as it was opened: its definition, and the rows that it asks about."""

    opened: Opened
    definition: Definition
    rows: FrozenRows


def trusted_keys(settings: Settings, store: S3Store) -> KeyList:
    """Return the bucket's key list, checked against the root that the settings name.

    Raises:
        ConfigurationError: They name none.
        VerificationError: The key list is not in order under it.
        StoreUnavailable: The store did not answer; run it again.
    """
    require_root(settings)
    return check_editions(editions_of(Bucket(store)), settings.root_fingerprint)


def require_root(settings: Settings) -> None:
    """Check that the settings name the root that everything is checked under.

    Raises:
        ConfigurationError: They name none.
    """
    if not settings.root_fingerprint:
        msg = (
            "TIEOUT_ROOT_FINGERPRINT: expected the fingerprint of the root key, got nothing. Campaigns rely on nothing that is "
            "not signed under it. `tieout keys fingerprint` prints it; set it where Airflow and `tieout` run."
        )
        raise ConfigurationError(msg)


class Campaigns:
    """The campaigns of one bucket. Thread-safe. What was found and loaded once is not read again.

    Args:
        settings: The installation's.
        store: The evidence bucket, as an identity that may read it.

    Raises:
        ConfigurationError: The settings name no root.
        VerificationError: The key list is not in order.
        StoreUnavailable: The store did not answer; run it again.
    """

    def __init__(self, settings: Settings, store: S3Store) -> None:
        self.settings, self.store = settings, store
        self.key_list = trusted_keys(settings, store)
        self._found: dict[str, Opened] = {}
        self._loaded: dict[str, Loaded] = {}
        self._loading = threading.Lock()

    def find(self) -> dict[str, Opened]:
        """Return every campaign that was opened for a control of today's files, by id; the latest first.

        One whose opening is not as it was signed is left out, with a line in the log: verification names it.

        Raises:
            ConfigurationError: The scope file is wrong. A broken control file is left out: its DAG says so.
            StoreUnavailable: The store did not answer; run it again.
        """
        return self._opened(_controls(self.settings))

    def of_control(self, control_id: str) -> dict[str, Opened]:
        """Return every campaign that was opened for a control, by id; raises as `find`."""
        return self._opened([control_id])

    def _opened(self, controls: Iterable[str]) -> dict[str, Opened]:
        found_now = {}
        for place, campaign in self._standing(controls):
            if campaign not in self._found:
                try:
                    found = opened_campaign(self.store, self.key_list, place, campaign)
                except VerificationError as error:
                    log.error("Campaign %s is left out: %s", campaign, error)
                    continue
                if found is not None:
                    self._found[campaign] = found
            if campaign in self._found:
                found_now[campaign] = self._found[campaign]
        return dict(sorted(found_now.items(), key=lambda each: (each[1].at, each[0]), reverse=True))

    def of(self, place: Place) -> Opened | None:
        """Return the campaign of a slot; ``None`` where none was opened.

        Raises:
            VerificationError: Its opening is not as it was signed.
            StoreUnavailable: The store did not answer; run it again.
        """
        return opened_campaign(self.store, self.key_list, place, campaign_of(place.control, place.window))

    def named(self, campaign: str) -> Opened:
        """Return a campaign by its id.

        Raises:
            ConfigurationError: There is none; the message lists those there are.
            StoreUnavailable: The store did not answer; run it again.
        """
        found = self.find()
        if campaign not in found:
            msg = f"no campaign {campaign!r} was opened. Campaigns there: {', '.join(found) or 'none'}."
            raise ConfigurationError(msg)
        return found[campaign]

    def load(self, opened: Opened) -> Loaded:
        """Return what a campaign asks.

        Raises:
            LandingConflict: A landing that it names is not what was sealed: run tieout verify.
            CannotCheck: Its opening is malformed, or of a later release.
            StoreUnavailable: The store did not answer; run it again.
        """
        with self._loading:
            found = self._loaded.get(opened.key)
            if found is None:
                found = self._loaded[opened.key] = load(self.store, opened)
            return found

    def signed_manifest(self, row: Mapping[str, Any]) -> Manifest:
        """Return the manifest of a landing that the index, or another landing, names, as the landing key signed it.

        Raises:
            LandingConflict: It is another manifest than is named.
            VerificationError: It is not as it was signed.
            StoreUnavailable: The store did not answer; run it again.
        """
        key = row["manifest_key"]
        first = oldest([version for version in self.store.versions(key) if version.key == key])
        data = (self.store.read(key, first.version_id) if first else None) or b""
        received = Received(first.last_modified) if first else None
        manifest = check_manifest(data, key, self.key_list, self.store.bucket, received)
        if manifest.sha256 != row["manifest_sha256"]:
            msg = f"{key}: it is not the manifest that the index, or another landing, names. Run tieout verify."
            raise LandingConflict(msg)
        return manifest

    def _standing(self, controls: Iterable[str]) -> Iterator[tuple[Place, str]]:
        """Yield slot and id of each campaign whose opening is listed: one listing for each control and period."""
        periods = [period.id for period in load_scope(self.settings.scope_file).observation_periods if period.type == 2]
        for control_id in controls:
            for period in periods:
                versions = self.store.versions(f"{MANIFESTS}observation_period={period}/control={control_id}/")
                listed = {version.key for version in versions}
                for window in sorted({partition_values(key)["window"] for key in listed}):
                    place, campaign = Place(period, control_id, window), campaign_of(control_id, window)
                    if opening_key(place, campaign) in listed:
                        yield place, campaign


def load(store: S3Store, opened: Opened) -> Loaded:
    """Load a campaign; raises as `Campaigns.load`."""
    kind = KINDS.get(str(opened.document.get("kind")))
    if kind is None:
        msg = f"{opened.key}: expected a campaign of kind {', '.join(KINDS)}: malformed, or opened by a later release."
        raise CannotCheck(msg)
    try:
        populations = [Population(**each) for each in opened.document["populations"]]
    except (KeyError, TypeError) as error:
        msg = f"{opened.key}: expected a campaign's definition: malformed ({type(error).__name__})."
        raise CannotCheck(msg) from error
    rows = read_frozen(store, populations, kind.table)
    with without_collecting():
        items, assignments = kind.ask(plain_rows(rows.table))
        definition = from_document(opened.document, items, assignments, opened.key)
    return Loaded(opened, definition, rows)


def _controls(settings: Settings) -> Iterator[str]:
    for control_id, path in control_files(settings.controls_folder).items():
        try:
            control = load_control(path)
        except ConfigurationError:
            continue
        if control.is_campaign:
            yield control_id
