# SPDX-License-Identifier: Apache-2.0
"""Commands of ``tieout`` that administer a store, one module each; `tieout.cli` registers them."""
