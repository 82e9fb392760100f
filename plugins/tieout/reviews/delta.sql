-- SPDX-License-Identifier: Apache-2.0
-- What is another than in the review before, from the items of both and from what was decided then.
--
-- now_rows   review_item.v1        before_rows   review_item.v1 of the review before
-- decided_rows   account_review.v2 of the review before, of those systems whose review came to an end
--
-- Systems that no review was about before are left out: nothing can be told of them.

CREATE TEMP TABLE differing AS
SELECT
    coalesce(n.system, b.system) AS system,
    coalesce(n.account, b.account) AS account,
    coalesce(n.entitlement, b.entitlement) AS entitlement,
    CASE WHEN n.system IS NOT NULL AND b.system IS NOT NULL THEN nullif(concat_ws(' ',
        CASE WHEN n.holder IS DISTINCT FROM b.holder THEN 'holder' END,
        CASE WHEN n.account_kind IS DISTINCT FROM b.account_kind THEN 'account_kind' END,
        CASE WHEN n.account_status IS DISTINCT FROM b.account_status THEN 'account_status' END,
        CASE WHEN n.privileged IS DISTINCT FROM b.privileged THEN 'privileged' END,
        CASE WHEN n.granted_at IS DISTINCT FROM b.granted_at THEN 'granted_at' END,
        CASE WHEN n.mfa IS DISTINCT FROM b.mfa THEN 'mfa' END
    ), '') END AS changed,
    CASE
        WHEN b.system IS NULL THEN 'new'
        WHEN n.system IS NULL THEN 'gone'
        WHEN changed IS NULL THEN 'unchanged'
        ELSE 'changed'
    END AS difference,
    d.decision AS decided_before
FROM now_rows AS n
FULL JOIN before_rows AS b ON b.system = n.system AND b.account = n.account AND b.entitlement = n.entitlement
LEFT JOIN decided_rows AS d
    ON d.system = coalesce(n.system, b.system)
    AND d.account = coalesce(n.account, b.account)
    AND d.entitlement = coalesce(n.entitlement, b.entitlement)
WHERE coalesce(n.system, b.system) IN (SELECT unnest(from_json($reviewed_before, '["VARCHAR"]')));
