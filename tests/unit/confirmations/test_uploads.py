# SPDX-License-Identifier: Apache-2.0
"""Files that people give: whole ones are taken, the attacks of the table are refused in words, and nothing is left behind.

``pytest -s`` prints the table.
"""

from __future__ import annotations

import hashlib
import re
import stat
import tempfile
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.confirmations.made_files import PDF, WHOLE, office
from tests.unit.confirmations.upload_attacks import ATTACKS, INERT, Row

from tieout.confirmations.file_names import KIND_OF, LONGEST_NAME
from tieout.confirmations.uploads import MEDIA_TYPES, Upload, receive
from tieout.criteria.form_fields import FileField, FileKind
from tieout.errors import UploadRefused

KINDS = get_args(FileKind)


def field(kinds: Iterable[str] = KINDS, most_bytes: int = 10_000_000) -> FileField:
    """Return a field that takes files."""
    return FileField.model_validate({"id": "f", "type": "file", "label": "F", "kinds": list(kinds), "most_bytes": most_bytes})


ANY = field()


def cut(data: bytes, size: int = 1000) -> Iterator[bytes]:
    """Return bytes in pieces."""
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_of_each_kind_is_taken_as_it_came(name: str, tmp_path: Path) -> None:
    data = WHOLE[name]
    kind = KIND_OF[name.rpartition(".")[2].lower()]
    found = receive(cut(data, 7), name, field([kind]), tmp_path)
    assert found == Upload(name, kind, MEDIA_TYPES[kind], len(data), hashlib.sha256(data).hexdigest(), found.path)
    assert found.path.read_bytes() == data
    assert found.path.parent == tmp_path
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o600


def test_every_kind_has_a_whole_file_here_and_a_media_type() -> None:
    assert {KIND_OF[name.rpartition(".")[2].lower()] for name in WHOLE} == set(KINDS) == set(MEDIA_TYPES)


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    """Collect the lines of the table, and print them at the end."""
    lines: list[str] = []
    yield lines
    print(f"\n{'attack':<44} what was said")
    print("\n".join(lines))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack[0])
def test_attack(attack: Row, tmp_path: Path, table: list[str]) -> None:
    what, name, data, words = attack
    said = INERT
    try:
        taken = receive(cut(data), name, ANY, tmp_path)
    except UploadRefused as refusal:
        said = str(refusal)
        assert list(tmp_path.iterdir()) == []
        assert not name or name not in said
    else:
        assert taken.path.read_bytes() == data
    table.append(f"{what:<44} {said}")
    assert re.search(words, said), said


def test_the_table_names_each_attack_once() -> None:
    assert len({attack[0] for attack in ATTACKS}) == len(ATTACKS) > 90


def test_what_a_list_or_a_disk_would_stumble_over_is_replaced_in_the_name(tmp_path: Path) -> None:
    assert receive([PDF], 'a<b>"|?*\u0065\u0301.pdf', ANY, tmp_path).name == "a_b_____\u00e9.pdf"


def test_a_kind_that_the_field_does_not_take_is_refused_before_a_byte_is_read(tmp_path: Path) -> None:
    def never() -> Iterator[bytes]:
        pytest.fail("it was read")
        yield b""

    with pytest.raises(UploadRefused, match="kind png here, got one of kind pdf"):
        receive(never(), "x.pdf", field(["png"]), tmp_path)


def test_a_stream_beyond_the_bound_is_left_at_once_and_costs_a_chunk(tmp_path: Path) -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        for _ in range(32_768):  # 2 GiB
            read += 1
            assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1_000_000
            yield bytes(65_536)

    tracemalloc.start()
    try:
        with pytest.raises(UploadRefused, match="at most 1000000 bytes"):
            receive(endless(), "x.pdf", field(most_bytes=1_000_000), tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read == 16
    assert peak < 500_000
    assert list(tmp_path.iterdir()) == []


def test_a_document_is_unpacked_in_memory_of_a_block(tmp_path: Path) -> None:
    filler = "".join(f"<c>{number}</c>" for number in range(600_000)).encode()
    data = office("xlsx", {"xl/worksheets/sheet1.xml": filler})
    tracemalloc.start()
    try:
        receive([data], "x.xlsx", ANY, tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(filler) > 7_000_000
    assert peak < 1_500_000


def test_the_largest_file_is_taken_and_one_byte_more_is_not(tmp_path: Path) -> None:
    assert receive([PDF], "x.pdf", field(most_bytes=len(PDF)), tmp_path).bytes == len(PDF)
    with pytest.raises(UploadRefused, match="got more"):
        receive([PDF], "x.pdf", field(most_bytes=len(PDF) - 1), tmp_path)


def test_a_stream_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    def breaks() -> Iterator[bytes]:
        yield PDF
        raise ConnectionError

    with pytest.raises(ConnectionError):
        receive(breaks(), "x.pdf", ANY, tmp_path)
    assert list(tmp_path.iterdir()) == []


ENDS = st.sampled_from([f".{end}" for end in KIND_OF])


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80), ENDS)
@example("a/../b", ".pdf")
@example("aux", ".pdf")
def test_any_name_is_safe_or_refused(stem: str, end: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            name = receive([PDF], stem + end, ANY, Path(folder)).name
        except UploadRefused:
            assert list(Path(folder).iterdir()) == []
        else:
            assert re.fullmatch(r'[^/\\:<>"|?*\x00-\x1f\u202a-\u202e\u2066-\u2069]+\.pdf', name)
            assert len(name.encode()) <= LONGEST_NAME
            assert not name.startswith(".")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), ENDS, st.data())
def test_any_bytes_are_taken_or_refused_and_nothing_is_left(name: str, end: str, data: st.DataObject) -> None:
    whole = WHOLE[name]
    at = data.draw(st.integers(0, len(whole)))
    put = data.draw(st.binary(max_size=30))
    changed = whole[:at] + put + whole[at + data.draw(st.integers(0, 30)) :]
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = receive(cut(changed), data.draw(st.sampled_from([name, f"x{end}"])), ANY, Path(folder))
        except UploadRefused:
            assert list(Path(folder).iterdir()) == []
        else:
            assert found.path.read_bytes() == changed
