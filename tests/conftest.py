"""Fixtures shared by all tests: the real data sets, and what must be present rather than skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REQUIRED = {word for word in os.environ.get("WORKBENCH_REQUIRE", "").split(",") if word}


def lacking(feature: str, reason: str) -> None:
    """Skip for ``reason``, or fail when ``WORKBENCH_REQUIRE`` names ``feature``."""
    if feature in REQUIRED:
        pytest.fail(f"{feature} is required by WORKBENCH_REQUIRE, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Folder of the real data sets."""
    folder = os.environ.get("WORKBENCH_DATASETS", "")
    if not folder or not Path(folder).is_dir():
        lacking("datasets", "WORKBENCH_DATASETS names no folder of data sets")
    return Path(folder)
