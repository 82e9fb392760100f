# SPDX-License-Identifier: Apache-2.0
"""What must happen: scope, observation periods, windows and controls."""
