# SPDX-License-Identifier: Apache-2.0
"""Reviews of access: what stands out about an entitlement, who decides on it, and whether what was decided was carried out.

Nothing is asked of a source here: everything is worked out from landed rows, by SQL that an auditor can run over them again.
"""
