# SPDX-License-Identifier: Apache-2.0
"""Writes the lists of people where the shipped control reads them: ``python -m tests.simulators.policies``, in the project."""

from __future__ import annotations

from tests.simulators.policies.files import FOLDER, samples

if __name__ == "__main__":
    for name, text in samples().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
