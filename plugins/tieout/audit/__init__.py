# SPDX-License-Identifier: Apache-2.0
"""What an auditor asks of the evidence: coverage of criteria and points of focus, and whether populations tie."""
