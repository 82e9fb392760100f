# SPDX-License-Identifier: Apache-2.0
"""The embedded default: SeaweedFS with Object Lock and Airflow with SQLite, on loopback, for trying Tieout out.

It is not evidence-grade: the object store enforces locks at its S3 API only, the root key lies beside the others, and
whoever has this machine's disk can change everything. Production is a bucket of a cloud provider and keys in a KMS.
"""

NOT_EVIDENCE_GRADE = (
    "The embedded store is not evidence-grade: it enforces locks at its S3 API only, and the root key lies on this disk. "
    "Whoever has this machine can change everything. For evidence, use a bucket with Object Lock and keys in a KMS."
)
