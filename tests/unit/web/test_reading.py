# SPDX-License-Identifier: Apache-2.0
"""Numbers and times in the form that a reader writes them in."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tieout.web.reading import ENGLISH, LANGUAGES, Reader, language_of

AT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", ENGLISH),
        ("*", ENGLISH),
        ("de", "de"),
        ("de-CH, en;q=0.5", "de-CH"),
        ("en;q=0.5, fr-FR ;q=0.9, de;q=0", "fr"),
        ("de;q=0", ENGLISH),
        ("xx-YY, tlh, en-US;q=0.1", "en-US"),
        ("../../etc/passwd, root", ENGLISH),
        ("zh-Hant-TW", "zh"),
        ("zh-tw", "zh-TW"),
        ("de-LI;q=1, en", "de"),
        ("de" + ",x" * 200, ENGLISH),
        ("\x00,;;,=;q=", ENGLISH),
    ],
)
def test_the_language_is_the_one_that_is_liked_best_and_known(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


@pytest.mark.parametrize(
    ("language", "zone", "said"),
    [
        ("en-GB", "Europe/Berlin", "25 October 2026, 02:30 Europe/Berlin (00:30 UTC)"),
        ("en-US", "America/New_York", "October 24, 2026, 8:30\u202fPM America/New_York (October 25, 2026, 12:30\u202fAM UTC)"),
        ("de", "Europe/Berlin", "25. Oktober 2026, 02:30 Europe/Berlin (00:30 UTC)"),
        ("en-GB", "UTC", "25 October 2026, 00:30 UTC"),
        ("ja", "Asia/Tokyo", "2026年10月25日, 9:30 Asia/Tokyo (0:30 UTC)"),
    ],
)
def test_a_time_is_the_programs_with_utc_beside(language: str, zone: str, said: str) -> None:
    made = Reader(language, ZoneInfo(zone)).moment(AT)
    assert made == f'<time datetime="2026-10-25T00:30:00Z" lang="{language}">{said}</time>'


def test_numbers_have_the_languages_form() -> None:
    zone = ZoneInfo("UTC")
    assert Reader("de", zone).counted(1200, "accounts") == "1.200 accounts"
    assert Reader("en-GB", zone).counted(1_000_000, "entries") == "1,000,000 entries"
    assert Reader("de", zone).counted(1, "entries") == "1 entry"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_forms(language: str) -> None:
    reader = Reader(language, ZoneInfo("Europe/Berlin"))
    assert reader.number(1234).replace("\N{ARABIC-INDIC DIGIT ONE}", "1")
    assert f'lang="{language}"' in reader.moment(AT)
    assert language_of(language) == language
