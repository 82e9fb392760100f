# SPDX-License-Identifier: Apache-2.0
"""What MySQL's grants say, without repeating them; the other databases are asked for real."""

from __future__ import annotations

import pytest

from tieout.collectors.sql_credential import proof_of_grants

READS = "GRANT SELECT, SHOW VIEW ON `shop`.* TO `reader`@`%`"


def test_a_login_that_only_reads() -> None:
    usage = "GRANT USAGE ON *.* TO `reader`@`%` IDENTIFIED BY PASSWORD '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'"
    proof = proof_of_grants([usage, READS, "GRANT SELECT (`id`, `at`) ON `ops`.`t` TO `reader`@`%`"])
    assert proof.startswith("read-only: MySQL's SHOW GRANTS gives this login no right but to read")


@pytest.mark.parametrize(
    ("grant", "named"),
    [
        ("GRANT SELECT, INSERT, UPDATE (`a`, `b`) ON `shop`.`t` TO `w`@`%`", "INSERT on `shop`.`t`, UPDATE on `shop`.`t`"),
        ("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION", "ALL PRIVILEGES on *.*"),
        ("GRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION", "PROXY on ''@''"),
        ("GRANT EXECUTE ON `shop`.* TO `w`@`%`", "EXECUTE on `shop`.*"),
    ],
)
def test_what_is_more_than_reading_is_named(grant: str, named: str) -> None:
    assert proof_of_grants([READS, grant]) == f"could write: MySQL's SHOW GRANTS gives this login more than reading: {named}"


def test_a_role_is_not_looked_into() -> None:
    assert proof_of_grants([READS, "GRANT `auditors`@`%` TO `reader`@`%`"]).startswith("not checked: MySQL's SHOW GRANTS gives")


def test_a_grant_with_its_hash_is_never_repeated() -> None:
    grant = "GRANT DELETE ON *.* TO `w`@`%` IDENTIFIED BY PASSWORD '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'"
    assert "2470" not in proof_of_grants([grant])
