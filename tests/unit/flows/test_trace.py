# SPDX-License-Identifier: Apache-2.0
"""A trace in a copied folder: from a row to what the source was asked, each step checked."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.unit.evidence.signed_copy import PLACES, Keys, SignedCopy, build_copy

from tieout.audit.trace import Standing, Trace, TracedLanding
from tieout.cli import main
from tieout.contracts.odcs import load_contract
from tieout.errors import ConfigurationError
from tieout.evidence.keys import generate_key
from tieout.evidence.sources import Copy
from tieout.evidence.verify.outcome import Outcome
from tieout.flows.trace import Wanted, trace

PAGE = b'id,note\nthing-0000,x\nthing-0003,"=1, 2"\n'
TAMPERED, MISSING, CANNOT = Outcome.TAMPERED, Outcome.MISSING, Outcome.CANNOT_CHECK


def state_page(copy: SignedCopy, page: bytes, media_type: str = "text/csv") -> Callable[[dict[str, Any]], None]:
    """Write another raw page, and return the change that makes the manifest say so."""
    key, sha256 = copy.subjects("raw")[0], hashlib.sha256(page).hexdigest()
    copy.write(key, page)

    def change(statement: dict[str, Any]) -> None:
        subject = next(each for each in statement["subject"] if each["name"] == key)
        subject["digest"]["sha256"] = sha256
        subject["annotations"]["bytes"] = len(page)
        statement["predicate"]["ipe"] = {
            "source": {"kind": "CSV file", "location": "things.csv", "account": None},
            "request": {"query": "every row", "parameters": {"year": "2026"}},
            "credential": {"identity": "reader", "read_only_proof": "it may not write"},
            "pages": [
                {"name": "page-00000.csv", "media_type": media_type, "received_sha256": sha256, "stored_sha256": sha256},
            ],
        }

    return change


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> SignedCopy:
    folder = tmp_path_factory.mktemp("traced")
    keys = Keys(**{name: generate_key(folder / f"{name}.pem") for name in Keys.__dataclass_fields__})
    copy = build_copy(folder, keys)
    copy.sign_again(state_page(copy, PAGE))
    copy.digest()
    return copy


@pytest.fixture
def copy(tmp_path: Path, template: SignedCopy) -> SignedCopy:
    """Return a copy that the test may tamper with; the first landing holds things 0 to 4, the third 0 and 1."""
    return replace(template, folder=Path(shutil.copytree(template.folder, tmp_path / "copy")))


def traced(copy: SignedCopy, *key: str, root: str | None = "", contracts: Path = Path("none"), **narrowed: str) -> Trace:
    wanted = Wanted(evidence_type="thing.v1", key=key, **narrowed)
    return trace(Copy(copy.folder), copy.root if root == "" else root, wanted, contracts)


def outcomes(landing: TracedLanding) -> dict[str, Outcome]:
    return {step.name: step.outcome for step in landing.steps}


def facts(landing: TracedLanding, name: str) -> dict[str, Any]:
    return next(step.facts for step in landing.steps if step.name == name)


def test_a_row_is_traced_to_what_the_source_was_asked(copy: SignedCopy) -> None:
    found = traced(copy, "id=thing-0003")
    (landing,) = found.landings
    assert list(outcomes(landing)) == ["row", "part", "manifest", "IPE record", "raw page", "request"]
    assert found.outcome is Outcome.INTACT
    assert (landing.window, landing.system, landing.standing) == ("2026-10", "github", Standing.STANDS)
    row = facts(landing, "row")
    assert (row["id"], row["number"], row["number in the population"]) == ("thing-0003", None, 4)
    assert facts(landing, "part")["row"] == 1  # of the second part
    assert facts(landing, "manifest")["named by"] == "digest 1"
    assert facts(landing, "raw page")["line 3"] == 'thing-0003,"=1, 2"'
    assert facts(landing, "request")["parameters"] == {"year": "2026"}
    assert json.loads(json.dumps(found.as_document()))["outcome"] == "intact"


def test_every_landing_that_holds_the_row_is_shown(copy: SignedCopy) -> None:
    found = traced(copy, "id=thing-0000")
    assert [each.window for each in found.landings] == ["2026-10", "2027-01"]
    assert len(traced(copy, "id=thing-0000", observation_period="2026-H2").landings) == 1
    # The third landing's page says nothing of its rows: it is said, and the outcome is no intact one.
    assert outcomes(found.landings[1])["raw page"] is CANNOT
    assert found.outcome is CANNOT


def test_a_beginning_is_enough_where_it_fits_one_key(copy: SignedCopy) -> None:
    assert traced(copy, "id=thing-0004").key == {"id": "thing-0004"}
    with pytest.raises(ConfigurationError, match=r"fits several:\n  id=thing-0000\n  id=thing-0001\n(.*\n)+Give more"):
        traced(copy, "id=thing-")
    with pytest.raises(ConfigurationError, match=r"no row with id=thing-9 in 4 parts"):
        traced(copy, "id=thing-9")


def test_a_bare_value_needs_the_contract(copy: SignedCopy) -> None:
    with pytest.raises(ConfigurationError, match=r"its key is not known here: name the column, COLUMN=thing-0003"):
        traced(copy, "thing-0003")
    with pytest.raises(ConfigurationError, match=r"column 'ident': not in this evidence type. Its columns: id, number"):
        traced(copy, "ident=thing-0003")
    with pytest.raises(ConfigurationError, match=r"number=many: expected a value of type int64"):
        traced(copy, "number=many")


def test_values_of_other_types_are_found_too(copy: SignedCopy) -> None:
    found = traced(copy, "number=4", "done=true", "at=2026-11-02T06:00:00.000004Z", "day=2026-11-02")
    assert facts(found.landings[0], "row")["id"] == "thing-0004"


def test_a_contract_of_a_snapshot_tells_key_and_personal_columns(copy: SignedCopy, repository: Path) -> None:
    source = repository / "include" / "evidence_schemas" / "change_record.v1.odcs.yaml"
    contract = load_contract(source)
    assert contract.key == ("system", "sha")
    # Another type's contract does not answer for this one's parts.
    copy.write("catalog/tsc/commit/evidence_schemas/thing.v1.odcs.yaml", source.read_bytes())
    assert facts(traced(copy, "id=thing-0003").landings[0], "row")["personal columns"].startswith("not marked")


def test_without_a_trust_root_nothing_is_intact(copy: SignedCopy) -> None:
    found = traced(copy, "id=thing-0003", root=None)
    assert (found.outcome, found.trust.outcome) == (CANNOT, CANNOT)
    assert set(outcomes(found.landings[0]).values()) == {CANNOT}
    assert facts(found.landings[0], "row")["id"] == "thing-0003"
    assert traced(copy, "id=thing-0003", root=copy.keys.stranger.keyid).outcome is CANNOT


def test_a_changed_page_part_and_manifest_are_told_apart(copy: SignedCopy) -> None:
    page, manifest = copy.path(copy.subjects("raw")[0]), copy.path(copy.manifest)
    before = page.read_bytes()
    page.write_bytes(before.replace(b"=1, 2", b"=1, 3"))
    found = traced(copy, "id=thing-0003").landings[0]
    assert {name for name, outcome in outcomes(found).items() if outcome is not Outcome.INTACT} == {"raw page"}
    assert outcomes(found)["raw page"] is TAMPERED
    page.write_bytes(before)

    data = manifest.read_bytes()
    copy.write_payload(json.dumps(copy.statement()).replace("every row", "some rows").encode())
    found = traced(copy, "id=thing-0003").landings[0]
    assert outcomes(found)["manifest"] is TAMPERED
    assert {outcome for name, outcome in outcomes(found).items() if name != "manifest"} == {CANNOT}  # nothing vouches for them
    manifest.write_bytes(data)

    parts = copy.subjects("part")
    copy.write(parts[1], copy.path(parts[1]).read_bytes() + b" ")
    found = traced(copy, "id=thing-0000", control=PLACES[0].control, observation_period="2026-H2")
    assert found.landings[0].outcome is Outcome.INTACT  # the row stands in the other part
    assert [each.outcome for each in found.unsearched] == [CANNOT]
    assert found.outcome is CANNOT


def test_rows_that_were_changed_and_encoded_again_have_another_row_hash(copy: SignedCopy) -> None:
    key = copy.subjects("part")[1]
    table = pq.read_table(copy.path(key))
    changed = table.set_column(table.schema.get_field_index("note"), table.schema.field("note"), pa.array(["z"] * table.num_rows))
    pq.write_table(changed, copy.path(key))
    step = next(step for step in traced(copy, "id=thing-0003").landings[0].steps if step.name == "part")
    changed_bytes, changed_rows = (finding.reason for finding in step.findings)
    assert "its bytes were changed" in changed_bytes
    assert "its rows are not those of the row hash" in changed_rows


def test_what_is_missing_is_said(copy: SignedCopy) -> None:
    copy.path(copy.subjects("raw")[0]).unlink()
    step = next(step for step in traced(copy, "id=thing-0003").landings[0].steps if step.name == "raw page")
    assert step.outcome is MISSING
    copy.path(copy.manifest).unlink()
    found = traced(copy, "id=thing-0003").landings[0]
    assert outcomes(found) == {"row": CANNOT, "part": MISSING, "manifest": MISSING}
    assert found.standing is Standing.UNKNOWN


def test_a_landing_that_another_supersedes_is_marked(copy: SignedCopy) -> None:
    superseded = copy.statement()["predicate"]["landing"]
    other = copy.manifests[2]
    statement = copy.statement(other)
    statement["predicate"]["supersedes"] = {"landing": superseded, "manifest_sha256": "0" * 64, "reason": "it was wrong"}
    # Same slot, another landing: as the store has them after a landing that supersedes.
    key = f"{copy.manifest.rpartition('/')[0]}/{statement['predicate']['landing']}.dsse.json"
    if key == copy.manifest:
        key = key.replace(".dsse.json", "0.dsse.json")
    copy.write(key, copy.path(other).read_bytes())
    copy.write_payload(json.dumps(statement).encode(), key)
    assert traced(copy, "id=thing-0003").landings[0].standing is Standing.STANDS  # a forged one supersedes nothing
    found = traced(copy, "id=thing-0003", root=None).landings[0]
    assert found.standing is Standing.SUPERSEDED
    assert facts(found, "manifest")["superseded by"].endswith(": it was wrong")


def test_the_command_prints_each_step_and_says_by_its_exit_code_whether_all_is_intact(copy: SignedCopy) -> None:
    arguments = ["trace", "thing.v1", "id=thing-0003", "--copy", str(copy.folder)]
    done = CliRunner().invoke(main, [*arguments, "--root", copy.root])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == "thing.v1  id=thing-0003"
    assert [line.split("  ")[0] for line in lines if line.startswith("intact  ")] == ["intact"] * 7
    assert lines[-1] == "intact: 1 of 1 landings that hold the row are intact"
    done = CliRunner().invoke(main, [*arguments, "--json"])
    assert done.exit_code == 1
    assert json.loads(done.output)["outcome"] == "cannot check"
