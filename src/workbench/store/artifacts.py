"""Model files named by the sha256 of their content, which is checked before anything parses them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from workbench.errors import CorruptArtifact

from .faults import file_faults
from .files import write_atomically


class Artifacts:
    """The files ``<sha256>.<extension>`` of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def name(sha256: str, extension: str) -> str:
        """Return the file name of a content.

        >>> Artifacts.name("ab" * 32, "skops")[-8:]
        'ab.skops'
        """
        if not re.fullmatch(r"[0-9a-f]{64}", sha256) or not re.fullmatch(r"[a-z0-9]{1,12}", extension):
            raise ValueError(f"{sha256}.{extension} is no name of an artefact")
        return f"{sha256}.{extension}"

    def store(self, payload: bytes, extension: str) -> str:
        """Write ``payload`` unless it is there already, and return its sha256; raises ``EnvironmentFailure``."""
        sha256 = hashlib.sha256(payload).hexdigest()
        path = self._folder / self.name(sha256, extension)
        if not self._intact(path, sha256):
            write_atomically(path, payload)
        return sha256

    def load(self, name: str, sha256: str) -> bytes:
        """Return the content of file ``name``.

        Raises:
            CorruptArtifact: the file is missing, or its content does not have this sha256.
            EnvironmentFailure: the file cannot be read.
        """
        path = self._folder / name
        if not path.is_file():
            raise CorruptArtifact(
                f"The model file {path} is missing.",
                "Put it back from a backup, or train again with `workbench train`.",
            )
        with file_faults(path):
            payload = path.read_bytes()
        found = hashlib.sha256(payload).hexdigest()
        if found != sha256:
            raise CorruptArtifact(
                f"The model file {path} was changed: its sha256 is {found}, the records say {sha256}.",
                "It was not loaded. Put it back from a backup, or train again with `workbench train`.",
            )
        return payload

    def _intact(self, path: Path, sha256: str) -> bool:
        if not path.is_file():
            return False
        with file_faults(path):
            return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
