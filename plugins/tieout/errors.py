# SPDX-License-Identifier: Apache-2.0
"""Every error Tieout raises, and whether trying again can help.

    TieoutError
    ├── TerminalError                 trying again gives the same answer: the task fails now
    │   ├── ConfigurationError        a setting or one of our YAML files is wrong
    │   ├── ContractError             what came from the source breaks the evidence contract
    │   ├── ExtractionRefused         the window is open, unknown, or outside every observation period
    │   ├── LandingConflict           the store already holds something else where this would stand
    │   └── UploadRefused             a file that somebody gave is not taken; the message is for that person
    ├── TransientError                the world may answer differently in a minute: the task retries
    │   ├── SourceUnavailable         the source, an authority or a channel did not answer, or not completely
    │   └── StoreUnavailable          the object store or the key service did not answer
    └── VerificationError             a check of a signed document failed
        ├── Tampered                  the bytes are not the ones that were signed
        ├── Missing                   something that has to be there is not
        └── CannotCheck               nothing can be said: no trust root, malformed, no permission

A message says what was expected, what came, where (file, line, row) and what to do next.
"""

from __future__ import annotations


class TieoutError(Exception):
    """The base of all errors that Tieout raises on purpose."""


class TerminalError(TieoutError):
    """Trying again gives the same answer."""


class ConfigurationError(TerminalError):
    """A setting or one of our YAML files is wrong."""


class ContractError(TerminalError):
    """What came from the source breaks the evidence contract: nothing lands as a population."""


class ExtractionRefused(TerminalError):
    """The window is still open, unknown, or outside every observation period."""


class LandingConflict(TerminalError):
    """The store already holds something else where this landing would stand."""


class UploadRefused(TerminalError):
    """A file that somebody gave is not taken; the message is for that person, and names neither the file nor what is in it."""


class TransientError(TieoutError):
    """The world may answer differently in a minute."""


class SourceUnavailable(TransientError):
    """The source, a time-stamp authority or a channel did not answer, or not completely."""


class StoreUnavailable(TransientError):
    """The object store or the key service did not answer."""


class VerificationError(TieoutError):
    """A check of a signed document failed; the subclass is the outcome."""


class Tampered(VerificationError):
    """The bytes are not the ones that were signed."""


class Missing(VerificationError):
    """Something that has to be there is not."""


class CannotCheck(VerificationError):
    """Nothing can be said: no trust root, a malformed document, or no permission to look."""
