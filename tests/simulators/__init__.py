# SPDX-License-Identifier: Apache-2.0
"""Stand-ins with the real interface."""
