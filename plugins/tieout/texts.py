# SPDX-License-Identifier: Apache-2.0
"""Texts of other systems as Slack takes them: cleaned, escaped, and cut where a reader sees a character end. Pure.

Lengths are counted in UTF-16 code units, after escaping. Slack says "characters"; whichever of code points, UTF-16 units or
escaped text it counts, ours is never the smaller number.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

ELLIPSIS = "…"
REPLACED = "\N{REPLACEMENT CHARACTER}"
_ZWJ = "\u200d"
_STEERING = frozenset("\u200b\u200e\u200f\u061c\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")
"""What is invisible, or turns the direction of what follows: a name could look like another one."""
_EXTENDING = frozenset("\u0e33\u0eb3\uff9e\uff9f\u200c\u200d\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
_PREPENDING = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\u1cf5\u1cf6\U000110bd\U000110cd\U000111c2\U000111c3\U0001193f"
    "\U00011941\U00011a3a\U00011a84\U00011a85\U00011a86\U00011a87\U00011a88\U00011a89\U00011d46\U00011f02"
)
"""What stands before the character that it belongs to: signs over Arabic and Indic numbers, and a few letters."""
_VIRAMA = 9


def units(text: str) -> int:
    """Return the length of a text in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def escape(text: str) -> str:
    """Return a text in which Slack finds no link, mention or entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clean(text: str) -> str:
    """Return a text on one line, with control and steering characters replaced by a visible sign."""
    return text.strip() if text.isprintable() else "".join(map(_cleaned, text)).strip()


def isolate(text: str) -> str:
    """Return a text whose writing direction does not reach what stands around it."""
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"


def cut(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` units, cut between two characters as readers see them and marked where it was cut."""
    return _cut(text, limit, escaped=False)


def cut_escaped(text: str, limit: int) -> str:
    """Return a text escaped, of at most ``limit`` units with that; no entity is cut."""
    return _cut(text, limit, escaped=True)


def counted(number: int, unit: str) -> str:
    """Return a number with its unit, which is given in the plural: ``1 account``, ``2 entries``."""
    if number != 1:
        return f"{number:,} {unit}"
    return f"1 {unit.removesuffix('ies')}y" if unit.endswith("ies") else f"1 {unit.removesuffix('s')}"


def clusters(text: str) -> Iterator[str]:
    """Yield a text's characters as readers see them: a letter with its marks, an emoji of several parts, a flag.

    Where Unicode's rules (UAX #29) join, so does this; in doubt it joins, which only cuts a text a little earlier.
    """
    start = 0
    for index in range(1, len(text)):
        if not _joins(text, start, index):
            yield text[start:index]
            start = index
    if text:
        yield text[start:]


def _cut(text: str, limit: int, *, escaped: bool) -> str:
    made = escape(text) if escaped else text
    if 2 * len(made) <= limit or units(made) <= limit:
        return made
    kept, room = [], limit - units(ELLIPSIS)
    for cluster in clusters(text):
        part = escape(cluster) if escaped else cluster
        room -= units(part)
        if room < 0:
            break
        kept.append(part)
    return "".join(kept) + ELLIPSIS if limit > 0 else ""


def _cleaned(character: str) -> str:
    if character in "\t\n\r\v\f":
        return " "
    return REPLACED if character in _STEERING or unicodedata.category(character) in ("Cc", "Cs") else character


def _joins(text: str, start: int, index: int) -> bool:
    before, after = text[index - 1], text[index]
    if before < "\u0300" and after < "\u0300":
        return False
    if _extends(after) or before == _ZWJ or (_is_flag_part(before) and _is_flag_part(after) and (index - start) % 2 == 1):
        return True
    if _is_one_syllable(before, after) or before in _PREPENDING:
        return True
    return unicodedata.category(after)[0] == "L" and _is_linked(text[start:index])


def _is_linked(cluster: str) -> bool:
    """Whether the marks at the end of a cluster link it to the consonant that follows, as in Indic scripts."""
    for character in reversed(cluster):
        if not _extends(character):
            return False
        if unicodedata.combining(character) == _VIRAMA:
            return True
    return False


def _extends(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or character in _EXTENDING or "\U000e0020" <= character <= "\U000e007f"


def _is_flag_part(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_one_syllable(before: str, after: str) -> bool:
    """Whether two parts of Hangul are written as one: vowel or final consonant after any, anything after an initial one."""
    if not _is_hangul(before) or not _is_hangul(after):
        return False
    return _within(before, "\u1100\u115f\ua960\ua97f") or _within(after, "\u1160\u11ff\ud7b0\ud7ff")


def _within(character: str, ranges: str) -> bool:
    return any(first <= character <= last for first, last in zip(ranges[::2], ranges[1::2], strict=True))


def _is_hangul(character: str) -> bool:
    return _within(character, "\u1100\u11ff\ua960\ua97f\uac00\ud7ff")
