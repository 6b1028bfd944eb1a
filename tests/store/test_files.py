"""Files are written whole or not at all, and faults of the disk are told in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.errors import EnvironmentFailure
from workbench.store.files import make_folder, write_atomically


def test_the_new_content_takes_the_place_of_the_old(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "file.txt"
    write_atomically(file, b"old")
    write_atomically(file, b"new")
    assert file.read_bytes() == b"new"
    assert list(file.parent.iterdir()) == [file]


def test_a_new_file_may_be_read_as_any_other(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    write_atomically(tmp_path / "file", b"x")
    assert (tmp_path / "file").stat().st_mode == plain.stat().st_mode


def test_a_full_disk_leaves_the_old_file_and_nothing_else(small_disk: Path) -> None:
    file = small_disk / "model.skops"
    write_atomically(file, b"old")
    with pytest.raises(EnvironmentFailure, match=r"model\.skops cannot be written: the disk is full") as caught:
        write_atomically(file, b"x" * 8_000_000)
    assert "Free some space" in caught.value.remedy
    assert caught.value.exit_code == 3
    assert file.read_bytes() == b"old"
    assert list(small_disk.iterdir()) == [file]


def test_a_read_only_disk_is_reported(tmp_path: Path, make_read_only: Callable[[Path], Path]) -> None:
    folder = tmp_path / "outputs"
    folder.mkdir()
    shown = make_read_only(folder)
    with pytest.raises(EnvironmentFailure, match="read-only"):
        write_atomically(shown / "report.html", b"x")
    with pytest.raises(EnvironmentFailure, match="read-only"):
        make_folder(shown / "more")


def test_a_file_in_the_way_of_a_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "models").write_bytes(b"")
    with pytest.raises(EnvironmentFailure, match="models"):
        make_folder(tmp_path / "models" / "deep")
