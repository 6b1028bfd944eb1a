"""Small folders of real data, written in the forms in which their publishers distribute them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

ENGINES, TEST_ENGINES = 12, 8


@pytest.fixture(scope="session")
def cmapss_folder(datasets, tmp_path_factory) -> Path:
    """FD001's first engines as the publisher's text files."""
    folder = tmp_path_factory.mktemp("cmapss")
    train = pd.read_parquet(datasets / "cmapss_train_FD001.parquet")
    test = pd.read_parquet(datasets / "cmapss_test_FD001.parquet")
    truth = pd.read_parquet(datasets / "cmapss_RUL_FD001.parquet").sort_values("unit")
    write_text(train[train["unit"] <= ENGINES], folder / "train_FD001.txt")
    write_text(test[test["unit"] <= TEST_ENGINES], folder / "test_FD001.txt")
    write_text(truth.loc[truth["unit"] <= TEST_ENGINES, ["rul"]], folder / "RUL_FD001.txt")
    return folder


def write_text(frame: pd.DataFrame, path: Path) -> None:
    """Write rows as NASA does: blanks between, two trailing blanks, no header."""
    path.write_text("".join(" ".join(map(str, row)) + "  \n" for row in frame.itertuples(index=False)))
