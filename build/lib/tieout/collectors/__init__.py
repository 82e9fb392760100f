# SPDX-License-Identifier: Apache-2.0
"""Collectors: ``<source>_<noun>.py``, each a small function that reads one source and judges nothing."""
