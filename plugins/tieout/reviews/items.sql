-- SPDX-License-Identifier: Apache-2.0
-- The items of a review of access, with flags, reviewer and authority, from landed rows alone.
--
-- access_rows   access_entry.v1 of every reviewed system        roster_rows   roster_entry.v1
-- role_rows     role_holder.v1                                  before_rows   review_item.v1 of the review before, or none
--
-- Persons are compared, and reviewers named, in lower case without blanks around them. Days are local to the program.
-- An absent person is the empty text in column subject.

CREATE TEMP TABLE sides AS
SELECT unnest(from_json($sides, '[{"combination": "VARCHAR", "side": "INTEGER", "sides": "INTEGER", "system": "VARCHAR",
    "entitlement": "VARCHAR"}]'), max_depth := 2);

CREATE TEMP TABLE words AS
SELECT unnest(from_json($active_words, '[{"system": "VARCHAR", "word": "VARCHAR"}]'), max_depth := 2);

CREATE TEMP TABLE deciding AS
SELECT unnest(from_json($reviewers, '[{"system": "VARCHAR", "decided_by": "VARCHAR"}]'), max_depth := 2);

-- 1. The people, each once: of two rows of one person the active one, then the one that started last.
CREATE TEMP TABLE people AS
SELECT
    lower(nfc_normalize(trim(person))) AS person,
    employment,
    left_on,
    nullif(lower(nfc_normalize(trim(manager))), '') AS manager,
    -- Why nobody can be asked, as of the day of the freeze.
    CASE
        WHEN employment = 'left' THEN 'has left'
        WHEN left_on >= CAST($last_day AS DATE) AND left_on < CAST($frozen_on AS DATE) THEN 'has left'
        WHEN employment = 'not_started' AND coalesce(started_on > CAST($frozen_on AS DATE), true) THEN 'has not started'
    END AS absent
FROM roster_rows
QUALIFY row_number() OVER (
    PARTITION BY lower(nfc_normalize(trim(person)))
    ORDER BY employment = 'active' DESC, started_on DESC NULLS LAST, employment, roster_rows.person
) = 1;

-- 2. The entitlements, each with who answers for it and whether the account can be used.
CREATE TEMP TABLE entries AS
SELECT
    a.*,
    coalesce(lower(nfc_normalize(trim(a.holder))), '') AS subject,
    CASE
        WHEN a.system NOT IN (SELECT system FROM words) THEN true
        WHEN a.account_status IS NULL THEN NULL
        ELSE (a.system, lower(trim(a.account_status))) IN (SELECT (system, word) FROM words)
    END AS usable
FROM access_rows AS a;

-- 3. Toxic combinations: who has an entitlement of every side. An account without a holder is held against itself alone.
CREATE TEMP TABLE had AS
WITH matched AS (
    SELECT s.combination, s.side, s.sides, d.system, d.entitlement
    FROM (SELECT DISTINCT system, entitlement FROM entries WHERE system IN (SELECT system FROM sides)) AS d
    JOIN sides AS s ON s.system = d.system AND regexp_full_match(d.entitlement, s.entitlement)
)
SELECT DISTINCT
    m.combination, m.side, m.sides, e.system, e.entitlement,
    CASE WHEN e.subject = '' THEN concat('account ', e.system, ' ', e.account) ELSE concat('person ', e.subject) END AS who
FROM entries AS e
JOIN matched AS m ON m.system = e.system AND m.entitlement = e.entitlement;

CREATE TEMP TABLE toxic AS
WITH complete AS (
    SELECT combination, who FROM had GROUP BY combination, who HAVING count(DISTINCT side) = any_value(sides)
),
told AS (  -- eleven are enough to name ten others
    SELECT combination, who, side, list(DISTINCT concat(system, ' ', entitlement) ORDER BY concat(system, ' ', entitlement))[:11] AS texts
    FROM had SEMI JOIN complete USING (combination, who)
    GROUP BY combination, who, side
),
others AS (
    SELECT h.combination, h.who, h.system, h.entitlement, unnest(t.texts) AS other
    FROM had AS h JOIN told AS t ON t.combination = h.combination AND t.who = h.who AND t.side <> h.side
),
named AS (
    SELECT combination, who, system, entitlement, list(DISTINCT other ORDER BY other)[:10] AS texts
    FROM others WHERE other <> concat(system, ' ', entitlement)
    GROUP BY combination, who, system, entitlement
)
SELECT
    h.who, h.system, h.entitlement,
    string_agg(h.combination || coalesce(' with ' || array_to_string(n.texts, ', '), ' by itself'), '; ' ORDER BY h.combination) AS toxic_with
FROM (SELECT DISTINCT combination, who, system, entitlement FROM had SEMI JOIN complete USING (combination, who)) AS h
LEFT JOIN named AS n USING (combination, who, system, entitlement)
GROUP BY h.who, h.system, h.entitlement;

-- 4. Everybody who may be asked about the entitlements of one holder in one system, by kind and place, and why somebody can not.
CREATE TEMP TABLE candidates AS
WITH roles AS (
    SELECT about, capacity, position, role, nullif(lower(nfc_normalize(trim(person))), '') AS person FROM role_rows
),
subjects AS (SELECT DISTINCT system, subject FROM entries),
named AS (
    SELECT s.*, 'owner' AS kind, r.position, r.person, concat('owner of ', s.system, ' (', r.role, ')') AS label
    FROM subjects AS s JOIN roles AS r ON r.about = s.system AND r.capacity = 'owner'
    UNION ALL
    SELECT s.*, 'manager', 1, p.manager, 'manager of the holder'
    FROM subjects AS s LEFT JOIN people AS p ON p.person = s.subject
    UNION ALL
    SELECT s.*, 'owner_manager', r.position, p.manager, concat('manager of the owner of ', s.system)
    FROM subjects AS s
    JOIN roles AS r ON r.about = s.system AND r.capacity = 'owner'
    LEFT JOIN people AS p ON p.person = r.person
    UNION ALL
    SELECT s.*, concat('control_', r.capacity), r.position, r.person, concat(r.capacity, ' of the control (', r.role, ')')
    FROM subjects AS s JOIN roles AS r ON r.about = 'control' AND r.capacity IN ('owner', 'reviewer')
),
known AS (SELECT count(*) > 0 AS roles_are_listed FROM roles SEMI JOIN people USING (person))
SELECT
    n.system, n.subject, n.kind, n.person,
    CASE
        WHEN n.person IS NULL THEN 'is not named'
        WHEN n.person = n.subject THEN 'is the holder'
        WHEN p.person IS NOT NULL THEN p.absent
        WHEN n.kind IN ('manager', 'owner_manager') OR k.roles_are_listed THEN 'is not in the roster'
    END AS refused,
    -- A list of people that names no holder of any role says nothing about those who are absent from it.
    n.label || CASE WHEN refused IS NULL AND p.person IS NULL THEN ' (the roster lists no holder of a role)' ELSE '' END AS label,
    1000 * CASE n.kind
        WHEN 'owner' THEN 1 + CAST(d.decided_by = 'manager' AS INTEGER)
        WHEN 'manager' THEN 2 - CAST(d.decided_by = 'manager' AS INTEGER)
        WHEN 'owner_manager' THEN 3
        WHEN 'control_owner' THEN 4
        ELSE 5
    END + n.position AS place
FROM named AS n
JOIN deciding AS d ON d.system = n.system
CROSS JOIN known AS k
LEFT JOIN people AS p ON p.person = n.person;

-- 5. Who decides: the first who can be asked. The second comes from the kind that the control names, if that one can be asked.
CREATE TEMP TABLE firsts AS
SELECT
    system, subject,
    arg_min(person, place) FILTER (refused IS NULL) AS person,
    min(place) FILTER (refused IS NULL) AS place
FROM candidates GROUP BY system, subject;

CREATE TEMP TABLE seconds AS
WITH others AS (
    SELECT c.system, c.subject, c.person, c.label,
        CASE WHEN c.refused IS NULL AND c.person = f.person THEN 'decides already' ELSE c.refused END AS refused,
        CASE WHEN c.kind = $second_reviewer THEN c.place % 1000 ELSE c.place END AS place
    FROM candidates AS c JOIN firsts AS f ON f.system = c.system AND f.subject = c.subject
    WHERE $second_reviewer <> 'none'
),
chosen AS (
    SELECT system, subject,
        arg_min(person, place) FILTER (refused IS NULL) AS person,
        min(place) FILTER (refused IS NULL) AS place
    FROM others GROUP BY system, subject
)
SELECT c.system, c.subject, any_value(c.person) AS person,
    max(o.label) FILTER (o.place = c.place) || coalesce('; passed over: ' || string_agg(
        concat(o.label, ' ', o.refused), ', ' ORDER BY o.place) FILTER (o.place < c.place), '') AS authority
FROM chosen AS c JOIN others AS o ON o.system = c.system AND o.subject = c.subject
GROUP BY c.system, c.subject;

CREATE TEMP TABLE reviewers AS
WITH following AS (
    SELECT c.system, c.subject, c.person, min(c.place) AS place
    FROM candidates AS c
    JOIN firsts AS f ON f.system = c.system AND f.subject = c.subject
    LEFT JOIN seconds AS s ON s.system = c.system AND s.subject = c.subject
    WHERE c.refused IS NULL AND c.person <> f.person AND c.person IS DISTINCT FROM s.person
    GROUP BY c.system, c.subject, c.person
),
ordered AS (
    SELECT system, subject, string_agg(person, ' ' ORDER BY place, person) AS persons FROM following GROUP BY system, subject
)
SELECT f.system, f.subject, any_value(f.person) AS person, any_value(o.persons) AS persons,
    max(c.label) FILTER (c.place = f.place) || coalesce('; passed over: ' || string_agg(
        concat(c.label, ' ', c.refused), ', ' ORDER BY c.place) FILTER (c.place < f.place), '') AS authority,
    string_agg(concat(c.label, ' ', c.refused), ', ' ORDER BY c.place) FILTER (f.place IS NULL) AS nobody_because
FROM firsts AS f
JOIN candidates AS c ON c.system = f.system AND c.subject = f.subject
LEFT JOIN ordered AS o ON o.system = f.system AND o.subject = f.subject
GROUP BY f.system, f.subject;

-- 6. The items.
CREATE TEMP TABLE items AS
WITH told AS (SELECT system, bool_or(last_used_at IS NOT NULL) AS tells_use FROM entries GROUP BY system)
SELECT
    e.system, $review_id AS review_id, e.account, e.entitlement, e.as_of, e.holder, e.account_kind, e.account_status, e.privileged,
    e.granted_at, e.last_used_at, e.mfa,
    CASE WHEN e.subject <> '' THEN coalesce(p.employment, 'not in the roster') END AS holder_employment,
    p.left_on AS holder_left_on,
    p.person IS NULL AS orphaned,
    -- False as soon as one of the two is: who is still here, or an account that nobody can use.
    CASE WHEN p.person IS NULL THEN NULL ELSE p.employment = 'left' AND e.usable END AS terminated,
    CASE
        WHEN NOT t.tells_use THEN NULL
        ELSE epoch_us(coalesce(e.last_used_at, e.granted_at)) < epoch_us(e.as_of) - $dormant_days * 86400000000
    END AS dormant,
    NOT e.mfa AS no_mfa,
    CASE WHEN e.account_kind <> 'unknown' THEN e.account_kind = 'shared' END AS shared,
    CASE
        WHEN p.employment IS NOT DISTINCT FROM 'active' OR e.account_kind IN ('person', 'shared') THEN false
        WHEN e.account_kind = 'service' THEN true
    END AS service_without_owner,
    CASE
        WHEN NOT EXISTS (SELECT 1 FROM sides) THEN NULL
        WHEN x.toxic_with IS NOT NULL THEN true
        WHEN e.subject <> '' OR (e.system, e.entitlement) NOT IN (SELECT (system, entitlement) FROM had) THEN false
    END AS toxic,
    x.toxic_with,
    CASE
        WHEN NOT list_contains(from_json($reviewed_before, '["VARCHAR"]'), e.system) THEN NULL
        WHEN b.account IS NULL THEN 'new'
        WHEN (e.holder, e.account_kind, e.account_status, e.privileged, e.granted_at, e.mfa)
            IS DISTINCT FROM (b.holder, b.account_kind, b.account_status, b.privileged, b.granted_at, b.mfa) THEN 'changed'
        ELSE 'unchanged'
    END AS since_last,
    r.person AS reviewer, r.authority AS reviewer_authority, r.persons AS reviewer_order,
    s.person AS second_reviewer, s.authority AS second_authority,
    r.nobody_because
FROM entries AS e
JOIN told AS t ON t.system = e.system
LEFT JOIN people AS p ON p.person = e.subject
LEFT JOIN reviewers AS r ON r.system = e.system AND r.subject = e.subject
LEFT JOIN seconds AS s ON s.system = e.system AND s.subject = e.subject
LEFT JOIN toxic AS x ON x.system = e.system AND x.entitlement = e.entitlement
    AND x.who = CASE WHEN e.subject = '' THEN concat('account ', e.system, ' ', e.account) ELSE concat('person ', e.subject) END
LEFT JOIN before_rows AS b ON b.system = e.system AND b.account = e.account AND b.entitlement = e.entitlement;
