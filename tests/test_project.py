"""The project's own promises: one list of dependencies, quick imports, every make target explained."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
CONDA_NAMES = {
    "build": "python-build",
    "duckdb": "python-duckdb",
    "great-tables": "great-tables",
    "nbconvert": "nbconvert-core",
    "ortools": "ortools-python",
    "playwright": "playwright-python",
    "torch": "pytorch",
    "tzdata": "python-tzdata",
}


def _requirements() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    found = {}
    for requirement in (item for group in lists for item in group):
        name, version = re.match(r"([A-Za-z0-9_.-]+)(?:\[[^]]*])?(.*)", requirement).groups()
        if name != project["name"]:
            found[name.lower().replace("_", "-")] = version
    found["python"] = project["requires-python"]
    return found


def test_conda_environment_lists_the_same_packages_as_the_project():
    listed = {}
    for item in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]:
        for entry in item["pip"] if isinstance(item, dict) else [item]:
            name, version = re.match(r"([A-Za-z0-9_-]+)(.*)", entry).groups()
            listed[name] = version
    listed.pop("pip")
    assert listed == {CONDA_NAMES.get(name, name): version for name, version in _requirements().items()}


def test_constraints_pin_every_package_that_was_tested():
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    assert pins["torch"] == "2.13.0"
    core = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.match(r"[A-Za-z0-9_.-]+", item).group().lower() for item in core}
    assert names <= {name.lower() for name in pins}


def test_importing_the_package_takes_no_heavy_library_along():
    code = (
        "import workbench, sys; print([m for m in ('numpy', 'pandas', 'sklearn', 'dbos', 'torch') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_every_make_target_is_explained_by_help():
    text = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"\.PHONY: (.*)", text).group(1).split())
    assert targets == set(re.findall(r"^([a-z-]+):.*##", text, re.M))
    assert {"help", "demo", "test", "test-all", "check", "lab", "dashboard", "clean"} == targets


def test_the_project_names_no_place_of_a_machine():
    words = re.compile(r"/work/|\.\./shared|registry\.npmjs|download\.pytorch")
    files = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).split()
    hits = [f for f in files if f not in (".ci/run", "tests/test_project.py") and (ROOT / f).is_file()
            and words.search((ROOT / f).read_text(errors="ignore"))]  # fmt: skip
    assert hits == []
