# SPDX-License-Identifier: Apache-2.0
"""The tamper suite: attacks on the evidence store through S3, on a copied folder and on an archive, each found in its own way."""

from tests.tamper import copied_attacks, stored_attacks, zip_attacks

ATTACKS = [*copied_attacks.ATTACKS, *stored_attacks.ATTACKS, *zip_attacks.ATTACKS]
