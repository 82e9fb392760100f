# SPDX-License-Identifier: Apache-2.0
"""OCSF files of three forms give their findings one by one, counted twice; a cut or foreign one is refused."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.collectors.findings import prowler, security_hub

from tieout.collectors import json_stream, ocsf_text
from tieout.collectors.ocsf_text import Form, read_findings
from tieout.errors import ContractError

FINDINGS = [prowler(1), security_hub(2), prowler(3, message='brackets "{[" in a text, and a \\ before the quote: \\"')]


def written(folder: Path, content: str | bytes) -> Path:
    """Write a file, and return where it is."""
    page = folder / "page-00000.json"
    page.write_bytes(content.encode() if isinstance(content, str) else content)
    return page


@pytest.mark.parametrize(
    ("content", "form", "positions"),
    [
        (json.dumps(FINDINGS), Form.LIST, [1, 2, 3]),
        ("\ufeff\n" + json.dumps(FINDINGS, indent=4), Form.LIST, [1, 2, 3]),
        (json.dumps({"Findings": FINDINGS}), Form.RESPONSE, [1, 2, 3]),
        (json.dumps({"NextToken": None, "Findings": FINDINGS, "other": {"a": [{}]}}, indent=1), Form.RESPONSE, [1, 2, 3]),
        ("".join(json.dumps(each) + "\n" for each in FINDINGS), Form.LINES, [1, 2, 3]),
        ("\n".join(json.dumps(each) for each in FINDINGS), Form.LINES, [1, 2, 3]),
        ("[]", Form.LIST, []),
        ('{"Findings": []}', Form.RESPONSE, []),
    ],
)
@pytest.mark.parametrize("block", [7, 1024])
def test_each_form_gives_its_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, form: Form, positions: list[int], block: int
) -> None:
    monkeypatch.setattr(json_stream, "_BLOCK", block)
    monkeypatch.setattr(ocsf_text, "_BLOCK", block)
    found = read_findings(written(tmp_path, content), "in.json")
    read = list(found.objects())
    assert (found.form, found.records, [position for position, _ in read]) == (form, len(positions), positions)
    assert [finding for _, finding in read] == FINDINGS[: len(positions)]


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    page = tmp_path / "page-00000.json.gz"
    page.write_bytes(gzip.compress(json.dumps(FINDINGS).encode()))
    assert len(list(read_findings(page, "in.json.gz").objects())) == 3
    page.write_bytes(gzip.compress(json.dumps(FINDINGS).encode())[:-5])
    with pytest.raises(ContractError, match=r"in\.json\.gz: the file's compression ends early or is broken"):
        list(read_findings(page, "in.json.gz").objects())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "expected OCSF findings as JSON, got an empty file, which can not be told from a broken export"),
        ("finding\n", "expected OCSF findings as JSON, got a file that begins with b'f'"),
        (json.dumps(FINDINGS, indent=1)[:-300], "object 3, line "),
        (json.dumps(FINDINGS)[:-1], "object 3, line 1: expected ',', got the end"),
        (json.dumps(FINDINGS) + "x", "object 3, line 1: expected the end, got 'x'"),
        ("[{}, 7]", "object 2, line 1: expected an object, got something else"),
        ("[{},]", "object 2, line 1: no JSON: Expecting value"),
        ('[{"a": 1, "a": 2}]', "object 1, line 1: no JSON: key 'a' is named twice"),
        ('[\n{"a": NaN}]', "object 1, line 2: no JSON: NaN is no JSON number"),
        (b'[{"a": "\xff"}]', "object 0, line 1: no UTF-8"),
        (json.dumps({"Findings": FINDINGS, "NextToken": "abc"}), "this is one page of several: NextToken names the next"),
        (json.dumps({"Items": []}, indent=1), "expected one list 'Findings', got the keys Items"),
        (
            json.dumps({"Findings": FINDINGS}) + json.dumps({"Findings": []}),
            "in.json: object 3, line 1: expected the end, got '{'",
        ),
        (json.dumps(prowler()) + "\n{\n", "line 2: expected one finding as a JSON object on the line: Expecting property name"),
        (json.dumps(prowler()) + "\n[]\n", "line 2: expected one finding as a JSON object on the line: got something else"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(tmp_path: Path, content: str | bytes, problem: str) -> None:
    with pytest.raises(ContractError, match=re.escape(problem)):
        list(read_findings(written(tmp_path, content), "in.json").objects())


def test_a_finding_has_to_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MAX_VALUE_CHARACTERS", 100)
    monkeypatch.setattr(json_stream, "_BLOCK", 50)
    found = read_findings(written(tmp_path, json.dumps([{"a": "x" * 1000}])), "in.json")
    with pytest.raises(ContractError, match="object 1, line 1: no JSON: Unterminated string"):
        list(found.objects())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=25)
@given(st.lists(st.dictionaries(st.text(), VALUES), max_size=5), st.sampled_from([None, 1]))
def test_brackets_count_what_the_parser_reads(
    tmp_path_factory: pytest.TempPathFactory, objects: list[object], indent: int
) -> None:
    page = written(tmp_path_factory.getbasetemp(), json.dumps(objects, indent=indent))
    found = read_findings(page, "in.json")
    assert found.records == len(objects)
    assert [finding for _, finding in found.objects()] == objects
