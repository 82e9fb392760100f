# SPDX-License-Identifier: Apache-2.0
"""Tests that break things while they run."""
