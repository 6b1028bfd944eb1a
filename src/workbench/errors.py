"""Every failure the workbench reports on purpose: what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence


class WorkbenchError(Exception):
    """Base of all errors meant for people.

    ``what`` says what is wrong and where, ``remedy`` what to do about it. ``exit_code`` is what the
    command line ends with: 1 failed, 2 bad input, 3 environment (disk, lock, permission).
    """

    exit_code = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}{'' if self.what.endswith(chr(10)) else ' '}{self.remedy}".strip()


class InputError(WorkbenchError):
    """What was given (a file, a profile, an argument) cannot be used; nothing was changed."""

    exit_code = 2


class InvalidDocument(InputError):
    """A profile or settings document has faults; ``faults`` lists every one with its place."""

    def __init__(self, document: str, faults: Sequence[str], remedy: str = "") -> None:
        listed = "".join(f"\n  - {fault}" for fault in faults)
        super().__init__(
            f"{document} has {len(faults)} fault{'s' if len(faults) != 1 else ''}:{listed}\n",
            remedy or "Correct each of them and try again.",
        )
        self.faults = tuple(faults)


class RefusedFile(InputError):
    """A whole data file is refused; the archive and the records stay as they were."""


class NotFound(InputError):
    """A thing was asked for by a name that does not exist."""


class NotPermitted(WorkbenchError):
    """The actor's role does not allow it; nothing was changed."""


class EnvironmentFailure(WorkbenchError):
    """The surroundings (disk, permission, lock, missing package) prevent the work."""

    exit_code = 3


class SchemaOutdated(EnvironmentFailure):
    """The records were written by an older version; ``workbench upgrade`` migrates them."""


class CorruptArtifact(WorkbenchError):
    """A stored file does not match the sha256 in its record."""


class NotEnoughData(WorkbenchError):
    """An estimator was given fewer observations than it needs to say anything honest."""


class LeakFound(WorkbenchError):
    """A split, a column or a feature knows what it is to be judged on; no figure from it could be believed."""


class Stopped(WorkbenchError):
    """Long work was asked to stop before its end; where it hands out checkpoints, the last one lets it go on."""
