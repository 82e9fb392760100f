-- SPDX-License-Identifier: Apache-2.0
-- What became of each entitlement, from two collections of the same systems.
--
-- access_rows   access_entry.v1 as it was frozen        again_rows   access_entry.v1, collected again
-- wanted_rows   system, account and entitlement of those that are asked about
--
-- Parameter seconds names the systems of which there is a second collection that stands for a later time than the first.

CREATE TEMP TABLE words AS
SELECT unnest(from_json($active_words, '[{"system": "VARCHAR", "word": "VARCHAR"}]'), max_depth := 2);

-- 1. An entitlement whose name was changed and whose kind and id were not, such as app:0oa1, is there all the same.
CREATE TEMP TABLE renamed AS
WITH gone AS (
    SELECT b.system, b.account, b.entitlement, regexp_extract(b.entitlement, '^[a-z_]+:\S+') AS id
    FROM access_rows AS b ANTI JOIN again_rows AS a
        ON a.system = b.system AND a.account = b.account AND a.entitlement = b.entitlement
),
come AS (
    SELECT a.system, a.account, a.entitlement, regexp_extract(a.entitlement, '^[a-z_]+:\S+') AS id
    FROM again_rows AS a ANTI JOIN access_rows AS b
        ON a.system = b.system AND a.account = b.account AND a.entitlement = b.entitlement
)
SELECT g.system, g.account, g.entitlement, min(c.entitlement) AS now
FROM gone AS g JOIN come AS c ON c.system = g.system AND c.account = g.account AND c.id = g.id
WHERE g.id <> ''
GROUP BY g.system, g.account, g.entitlement;

-- 2. Each entitlement beside what there is of it now.
CREATE TEMP TABLE pairs AS
SELECT
    b.system, b.account, b.entitlement,
    b.system IN (SELECT unnest(from_json($seconds, '["VARCHAR"]'))) AS told,
    a.system IS NOT NULL AS there,
    nullif(concat_ws(' ',
        CASE WHEN a.entitlement <> b.entitlement THEN 'entitlement' END,
        CASE WHEN a.holder IS DISTINCT FROM b.holder THEN 'holder' END,
        CASE WHEN a.account_kind IS DISTINCT FROM b.account_kind THEN 'account_kind' END,
        CASE WHEN a.account_status IS DISTINCT FROM b.account_status THEN 'account_status' END,
        CASE WHEN a.privileged IS DISTINCT FROM b.privileged THEN 'privileged' END,
        CASE WHEN a.granted_at IS DISTINCT FROM b.granted_at THEN 'granted_at' END,
        CASE WHEN a.mfa IS DISTINCT FROM b.mfa THEN 'mfa' END
    ), '') AS changed,
    CASE WHEN a.account_status IS NOT NULL AND a.system IN (SELECT system FROM words)
        THEN (a.system, lower(trim(a.account_status))) IN (SELECT (system, word) FROM words) END AS usable,
    b AS before_row,
    a AS after_row
FROM access_rows AS b
SEMI JOIN wanted_rows AS w ON w.system = b.system AND w.account = b.account AND w.entitlement = b.entitlement
LEFT JOIN renamed AS r ON r.system = b.system AND r.account = b.account AND r.entitlement = b.entitlement
LEFT JOIN again_rows AS a
    ON a.system = b.system AND a.account = b.account AND a.entitlement = coalesce(r.now, b.entitlement);
