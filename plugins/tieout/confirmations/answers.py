# SPDX-License-Identifier: Apache-2.0
"""The answer to one field of a form as what it is: text, controls, options, a number, a link, files. Days: `filled`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tieout.confirmations.uploads import Upload
from tieout.criteria.form_fields import (
    LONGEST_LINK,
    MOST_DIGITS,
    MOST_PLACES,
    ChoiceField,
    FileField,
    NumberField,
    TextField,
)
from tieout.criteria.periods import is_stem
from tieout.texts import units

Value = str | list[str] | list[dict[str, Any]]
_NUMBER = re.compile(rf"-?\d{{1,{MOST_DIGITS}}}(\.\d{{1,{MOST_PLACES}}})?", re.ASCII)
_SECRETS = re.compile(r"token|signature|sig|secret|password|passwd|api[-_]?key|access[-_]?key|credential|auth", re.IGNORECASE)
"""Names of parameters whose value lets somebody in."""


class Wrong(Exception):
    """A field's answer can not be taken; the text is for the person, and repeats nothing of it."""


def read_text(each: TextField, text: str) -> str:
    """Return words with their ends cut and their lines ended as on Unix; raises `Wrong`, as all of these."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not each.multiline and "\n" in plain:
        raise Wrong("Expected one line.")
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn") and sign not in "\n\t" for sign in plain):
        raise Wrong("It holds a character that can not be shown. Please type it again.")
    if units(plain) > each.longest:
        raise Wrong(f"Expected at most {each.longest} characters, got {units(plain)}.")
    return plain


def read_mapped(each: TextField, text: str, controls: Collection[str]) -> list[dict[str, Any]]:
    """Return each complementary control with ours that answer it."""
    found: dict[str, list[str]] = {}
    for number, line in enumerate(read_text(each, text).split("\n"), 1):
        theirs, colon, listed = (part.strip() for part in line.partition(":"))
        ours = [part.strip() for part in listed.split(",") if part.strip()]
        if not theirs or not colon or not ours:
            raise Wrong(f"Line {number}: expected a control of theirs and ours that answer it, such as CUEC-1: cc6_2_access.")
        if theirs in found:
            raise Wrong(f"Line {number}: the control stands in an earlier line.")
        if strange := [name for name in ours if name not in controls]:
            named = ", ".join(name for name in strange if _is_stem(name)) or "a name that no control can have"
            raise Wrong(f"Line {number}: we have no control {named}.")
        found[theirs] = ours
    return [{"control": theirs, "ours": ours} for theirs, ours in found.items()]


def _is_stem(name: str) -> bool:
    try:
        return bool(is_stem(name))
    except ValueError:
        return False


def read_chosen(each: ChoiceField, texts: Sequence[str]) -> Value:
    """Return the id of the option that was chosen, or of those, in the order of the form."""
    chosen = [option.id for option in each.options if option.id in texts]
    if len(chosen) != len(set(texts)) or (len(texts) != 1 and not each.several):
        raise Wrong("Please choose among the options." if each.several else "Please choose one of the options.")
    return chosen if each.several else chosen[0]


def read_number(each: NumberField, text: str) -> str:
    """Return a number as decimal text without needless digits: ``1.50`` is ``1.5``."""
    if not _NUMBER.fullmatch(text):
        raise Wrong(f"Expected a number in {each.unit} such as 12{'' if each.whole else '.5'}, with a point and no blanks.")
    number = Decimal(text)
    if each.whole and number != number.to_integral_value():
        raise Wrong(f"Expected a whole number of {each.unit}.")
    if each.least is not None and number < each.least:
        raise Wrong(f"Expected at least {each.least} {each.unit}.")
    if each.most is not None and number > each.most:
        raise Wrong(f"Expected at most {each.most} {each.unit}.")
    return f"{number.normalize() + 0:f}"  # 0 has no sign, and 1.50 is 1.5


def read_link(text: str) -> str:
    """Return an ``https`` address in which nothing stands that lets somebody in."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise Wrong("Expected an address that starts with https://.") from None
    if parts.scheme != "https" or not host or len(text) > LONGEST_LINK or not text.isprintable() or re.search(r"[\s<>|]", text):
        raise Wrong(f"Expected an address that starts with https://, of at most {LONGEST_LINK} characters.")
    asked = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    if parts.username or parts.password or any(map(_SECRETS.search, asked)):
        raise Wrong("The address holds a name, a password or a key that lets others in. Give one for which people sign in.")
    return text


def read_files(each: FileField, files: Sequence[Upload]) -> list[dict[str, Any]]:
    """Return what files are, without their names."""
    if len(files) > each.most_files:
        raise Wrong(f"Expected at most {each.most_files} file(s), got {len(files)}.")
    if len({file.sha256 for file in files}) != len(files):
        raise Wrong("A file is there twice.")
    if any(file.kind not in each.kinds or file.bytes > each.most_bytes for file in files):
        raise Wrong(f"Expected files of kind {', '.join(each.kinds)} and at most {each.most_bytes} bytes.")
    return [{"kind": file.kind, "media_type": file.media_type, "bytes": file.bytes, "sha256": file.sha256} for file in files]
