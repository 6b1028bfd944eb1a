"""Model files are named by their content and checked before they are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.errors import CorruptArtifact
from workbench.store.artifacts import Artifacts


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path / "models")
    sha256 = artifacts.store(b"trees", "skops")
    assert artifacts.store(b"trees", "skops") == sha256
    assert [file.name for file in (tmp_path / "models").iterdir()] == [f"{sha256}.skops"]
    assert artifacts.load(f"{sha256}.skops", sha256) == b"trees"


def test_a_changed_byte_is_noticed_and_the_file_not_loaded(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    sha256 = artifacts.store(b"trees", "skops")
    file = tmp_path / f"{sha256}.skops"
    file.write_bytes(b"tree5")
    with pytest.raises(CorruptArtifact, match="was changed") as caught:
        artifacts.load(file.name, sha256)
    assert str(file) in caught.value.what
    assert "train" in caught.value.remedy


def test_storing_again_mends_a_damaged_file(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    sha256 = artifacts.store(b"trees", "skops")
    (tmp_path / f"{sha256}.skops").write_bytes(b"")
    artifacts.store(b"trees", "skops")
    assert artifacts.load(f"{sha256}.skops", sha256) == b"trees"


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CorruptArtifact, match="missing"):
        Artifacts(tmp_path).load("ab.skops", "ab")


@pytest.mark.parametrize(("sha256", "extension"), [("../../etc", "skops"), ("ab" * 32, "../x"), ("AB" * 32, "skops")])
def test_names_never_lead_out_of_the_folder(sha256: str, extension: str) -> None:
    with pytest.raises(ValueError, match="no name of an artefact"):
        Artifacts.name(sha256, extension)
