# SPDX-License-Identifier: Apache-2.0
"""Performance as ratios: a floor and ours in the same run, on the same rows, on the same machine."""
