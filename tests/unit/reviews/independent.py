# SPDX-License-Identifier: Apache-2.0
"""The flags and reviewers of a review, worked out a second time: SQL of its own over landed Parquet files, and nothing of ours.

It was written from the words of the contracts and of the control's file, and goes another way than ``items.sql``: each item looks
for itself through everything there is, and a list of who may be asked is filtered in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

_QUERY = """
WITH
access AS (SELECT *, lower(nfc_normalize(trim(coalesce(holder, '')))) AS h FROM read_parquet({access})),
roster AS (
    SELECT lower(nfc_normalize(person)) AS p, arg_min({{'e': employment, 'l': left_on, 's': started_on, 'm': lower(manager)}},
        (CASE employment WHEN 'active' THEN 0 ELSE 1 END, -epoch(coalesce(started_on, DATE '0001-01-01')), employment, person)
    ) AS r
    FROM read_parquet({roster}) GROUP BY 1
),
gone AS (
    SELECT p, r.m AS m, r.e AS e, r.l AS l, CASE
        WHEN r.e = 'left' OR (r.l >= DATE '{last_day}' AND r.l < DATE '{frozen_on}') THEN 'has left'
        WHEN r.e = 'not_started' AND (r.s IS NULL OR r.s > DATE '{frozen_on}') THEN 'has not started' END AS why
    FROM roster
),
roles AS (SELECT * REPLACE (lower(nfc_normalize(person)) AS person) FROM read_parquet({roles})),
listed AS (SELECT count(*) FILTER (person IN (SELECT p FROM roster)) > 0 AS any_role FROM roles),
toxic AS (SELECT * FROM (VALUES {sides}) AS t(c, n, s, e) WHERE c IS NOT NULL),
words AS (SELECT * FROM (VALUES {words}) AS t(s, w) WHERE s IS NOT NULL),
usable AS (
    SELECT a.*, CASE WHEN NOT EXISTS (FROM words WHERE s = a.system) THEN true
        ELSE list_contains((SELECT list(w) FROM words WHERE s = a.system), lower(trim(a.account_status))) END AS u,
        (SELECT g FROM gone AS g WHERE g.p = a.h) AS who
    FROM access AS a
),
asked AS (
    SELECT a.system, a.account, a.entitlement, a.h,
        coalesce((SELECT list({{'k': 'owner', 'p': person, 't': 'owner of ' || about || ' (' || role || ')'}} ORDER BY position)
            FROM roles WHERE about = a.system AND capacity = 'owner'), []) AS owners,
        [{{'k': 'manager', 'p': (SELECT m FROM gone WHERE p = a.h), 't': 'manager of the holder'}}] AS managers,
        coalesce((SELECT list({{'k': 'owner_manager', 'p': (SELECT m FROM gone WHERE p = roles.person),
                't': 'manager of the owner of ' || about}} ORDER BY position)
            FROM roles WHERE about = a.system AND capacity = 'owner'), []) AS above,
        coalesce((SELECT list({{'k': 'control_' || capacity, 'p': person, 't': capacity || ' of the control (' || role || ')'}}
                ORDER BY capacity, position)
            FROM roles WHERE about = 'control' AND capacity <> 'sign_off'), []) AS control
    FROM access AS a
),
ordered AS (
    SELECT system, account, entitlement, h, list_concat(
        CASE WHEN system IN ({by_manager}) THEN list_concat(managers, owners) ELSE list_concat(owners, managers) END,
        list_concat(above, control)) AS everybody
    FROM asked
),
judged AS (
    SELECT system, account, entitlement, unnest(everybody) AS x, generate_subscripts(everybody, 1) AS i, h FROM ordered
),
refused AS (
    SELECT j.system, j.account, j.entitlement, j.x.k AS k, j.x.p AS p, j.i,
        j.x.t || CASE WHEN j.x.p <> j.h AND j.x.k NOT LIKE '%manager' AND j.x.p NOT IN (SELECT p FROM roster)
            AND NOT (SELECT any_role FROM listed) THEN ' (the roster lists no holder of a role)' ELSE '' END AS t,
        CASE
            WHEN j.x.p IS NULL THEN 'is not named'
            WHEN j.x.p = j.h THEN 'is the holder'
            WHEN j.x.p IN (SELECT p FROM roster) THEN (SELECT why FROM gone WHERE p = j.x.p)
            WHEN (SELECT any_role FROM listed) OR j.x.k LIKE '%manager' THEN 'is not in the roster'
        END AS why
    FROM judged AS j
),
first AS (
    SELECT system, account, entitlement, (list({{'p': p, 't': t, 'i': i}} ORDER BY i) FILTER (why IS NULL))[1] AS f,
        list({{'i': i, 's': t || ' ' || why}} ORDER BY i) FILTER (why IS NOT NULL) AS no
    FROM refused GROUP BY ALL
),
second AS (
    SELECT r.system, r.account, r.entitlement,
        list({{'p': p, 't': t, 'why': CASE WHEN why IS NULL AND p = f.p THEN 'decides already' ELSE why END}}
            ORDER BY (k <> '{second}', i)) AS everybody
    FROM refused AS r JOIN first USING (system, account, entitlement) WHERE '{second}' <> 'none' GROUP BY ALL
),
chosen AS (
    SELECT system, account, entitlement, list_filter(everybody, lambda x: x.why IS NULL)[1] AS s,
        array_to_string(list_transform(
            list_slice(everybody, 1, list_position(list_transform(everybody, lambda x: x.why IS NULL), true) - 1),
            lambda x: x.t || ' ' || x.why), ', ') AS no
    FROM second
),
following AS (
    SELECT r.system, r.account, r.entitlement, string_agg(r.p, ' ' ORDER BY r.i) AS next FROM (
        SELECT system, account, entitlement, p, min(i) AS i FROM refused WHERE why IS NULL GROUP BY ALL
    ) AS r JOIN first USING (system, account, entitlement) LEFT JOIN chosen USING (system, account, entitlement)
    WHERE r.p <> f.p AND (s.p IS NULL OR r.p <> s.p) GROUP BY ALL
),
hits AS (
    SELECT DISTINCT CASE h WHEN '' THEN system || chr(10) || account ELSE h END AS w, t.c, t.n, a.system, a.entitlement
    FROM access AS a JOIN toxic AS t ON t.s = a.system AND regexp_full_match(a.entitlement, t.e)
),
whole AS (
    SELECT h.w, h.c FROM (SELECT w, c, list(DISTINCT n) AS ns FROM hits GROUP BY w, c) AS h
    JOIN (SELECT c, list(n) AS ns FROM toxic GROUP BY c) AS t ON t.c = h.c AND list_sort(t.ns) = list_sort(h.ns)
),
pairs AS (
    SELECT DISTINCT a.system, a.account, a.entitlement, mine.c, other.system AS s2, other.entitlement AS e2
    FROM access AS a
    JOIN hits AS mine ON mine.system = a.system AND mine.entitlement = a.entitlement
        AND mine.w = CASE a.h WHEN '' THEN a.system || chr(10) || a.account ELSE a.h END
    JOIN hits AS other ON other.w = mine.w AND other.c = mine.c AND other.n <> mine.n
    SEMI JOIN whole ON whole.w = mine.w AND whole.c = mine.c
),
combined AS (
    SELECT system, account, entitlement, string_agg(c || told, '; ' ORDER BY c) AS toxic_with FROM (
        SELECT system, account, entitlement, c,
            list(DISTINCT s2 || ' ' || e2 ORDER BY s2 || ' ' || e2) FILTER (s2 <> system OR e2 <> entitlement) AS others,
            coalesce(' with ' || array_to_string(others[:10], ', '), ' by itself') AS told
        FROM pairs GROUP BY ALL
    ) GROUP BY ALL
)
SELECT a.system, a.account, a.entitlement, a.as_of, a.holder,
    CASE WHEN a.h = '' THEN NULL WHEN who IS NULL THEN 'not in the roster' ELSE who.e END AS holder_employment,
    who.l AS holder_left_on,
    who IS NULL AS orphaned,
    CASE WHEN who IS NULL THEN NULL WHEN who.e <> 'left' OR NOT u THEN false WHEN u THEN true END AS terminated,
    CASE WHEN (SELECT max(last_used_at) FROM access AS o WHERE o.system = a.system) IS NULL THEN NULL
        WHEN a.last_used_at IS NULL THEN date_diff('microsecond', a.granted_at, a.as_of) > {dormant} * 86400000000
        ELSE date_diff('microsecond', a.last_used_at, a.as_of) > {dormant} * 86400000000 END AS dormant,
    CASE a.mfa WHEN true THEN false WHEN false THEN true END AS no_mfa,
    CASE a.account_kind WHEN 'shared' THEN true WHEN 'unknown' THEN NULL ELSE false END AS shared,
    CASE WHEN a.account_kind IN ('person', 'shared') THEN false WHEN who.e = 'active' THEN false
        WHEN a.account_kind = 'service' THEN true END AS service_without_owner,
    CASE WHEN (SELECT count(*) FROM toxic) = 0 THEN NULL WHEN combined.toxic_with IS NOT NULL THEN true
        WHEN a.h = '' AND EXISTS (FROM toxic AS t WHERE t.s = a.system AND regexp_full_match(a.entitlement, t.e)) THEN NULL
        ELSE false END AS toxic,
    combined.toxic_with,
    CASE WHEN (a.system IN ({reviewed_before})) IS NOT TRUE THEN NULL WHEN b.account IS NULL THEN 'new'
        WHEN a.holder IS NOT DISTINCT FROM b.holder AND a.account_kind = b.account_kind AND a.mfa IS NOT DISTINCT FROM b.mfa
            AND a.account_status IS NOT DISTINCT FROM b.account_status AND a.privileged IS NOT DISTINCT FROM b.privileged
            AND a.granted_at IS NOT DISTINCT FROM b.granted_at THEN 'unchanged' ELSE 'changed' END AS since_last,
    f.p AS reviewer,
    f.t || coalesce('; passed over: ' || nullif(array_to_string(
        list_transform(list_filter(n.no, lambda x: x.i < f.i), lambda x: x.s), ', '), ''), '') AS reviewer_authority,
    next AS reviewer_order,
    s.p AS second_reviewer,
    s.t || coalesce('; passed over: ' || nullif(c.no, ''), '') AS second_authority
FROM usable AS a
JOIN first AS n USING (system, account, entitlement)
LEFT JOIN chosen AS c USING (system, account, entitlement)
LEFT JOIN following USING (system, account, entitlement)
LEFT JOIN combined USING (system, account, entitlement)
LEFT JOIN {before} AS b USING (system, account, entitlement)
ORDER BY a.system, a.account, a.entitlement
"""
_NOTHING_BEFORE = (
    "(SELECT NULL::VARCHAR AS system, NULL::VARCHAR AS account, NULL::VARCHAR AS entitlement, NULL::VARCHAR AS holder, "
    "NULL::VARCHAR AS account_kind, NULL::VARCHAR AS account_status, NULL::BOOLEAN AS privileged, "
    "NULL::TIMESTAMPTZ AS granted_at, NULL::BOOLEAN AS mfa)"
)
Side = tuple[str, int, str, str]
"""Combination, number of the side, system, expression."""


def recompute(
    access: Sequence[Path],
    roster: Sequence[Path],
    roles: Sequence[Path],
    before: Sequence[Path],
    *,
    last_day: str,
    frozen_on: str,
    dormant_days: int = 90,
    by_manager: Iterable[str] = (),
    second: str = "none",
    sides: Iterable[Side] = (),
    words: Iterable[tuple[str, str]] = (),
    reviewed_before: Iterable[str] = (),
) -> list[dict[str, Any]]:
    """Return what stands out about each entitlement, and who decides on it, by system, account and entitlement."""
    query = _QUERY.format(
        access=_files(access), roster=_files(roster), roles=_files(roles),
        before=f"read_parquet({_files(before)})" if before else _NOTHING_BEFORE,
        last_day=last_day, frozen_on=frozen_on, dormant=dormant_days, second=second,
        by_manager=_texts(by_manager), reviewed_before=_texts(reviewed_before),
        sides=_values(sides, 4), words=_values(((system, word.lower()) for system, word in words), 2),
    )  # fmt: skip
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found: list[dict[str, Any]] = connection.sql(query).to_arrow_table().to_pylist()
    return found


def _files(paths: Sequence[Path]) -> str:
    return f"[{_texts(map(str, paths))}], hive_partitioning = false"


def _texts(texts: Iterable[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts) or "NULL"


def _values(rows: Iterable[Sequence[str | int]], width: int) -> str:
    listed = [", ".join(str(value) if isinstance(value, int) else _texts([value]) for value in row) for row in rows]
    return ", ".join(f"({row})" for row in listed or [", ".join(["NULL"] * width)])
