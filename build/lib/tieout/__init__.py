# SPDX-License-Identifier: Apache-2.0
"""Tieout: SOC 2 evidence that an auditor can rely on without relying on us."""

__version__ = "0.1.0"
