"""The settings file keeps what a person wrote in it and refuses what is not allowed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from workbench.config import SETTINGS_FILE, load_settings
from workbench.errors import InvalidDocument
from workbench.store.settings_file import change_setting, write_settings


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AS_OF", "NAME", "CURRENCY", "DATABASE_URL"):
        monkeypatch.delenv(f"WORKBENCH_{name}", raising=False)


def test_what_was_chosen_is_read_back_and_the_rest_is_explained(tmp_path: Path) -> None:
    write_settings(tmp_path, {"name": 'Plant "North" \\ 1', "planning_horizon_h": 72.0, "simulated": True})
    settings = load_settings(tmp_path)
    assert (settings.name, settings.planning_horizon_h, settings.simulated) == ('Plant "North" \\ 1', 72.0, True)
    assert settings.currency == "EUR"
    assert '# currency = "EUR"' in (tmp_path / SETTINGS_FILE).read_text()


def test_every_fault_is_listed_and_no_file_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument) as caught:
        write_settings(tmp_path, {"currency": "euro", "planning_horizon_h": -1, "colour": "red"})
    assert len(caught.value.faults) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_changed_setting_leaves_the_other_lines_alone(tmp_path: Path) -> None:
    write_settings(tmp_path, {"name": "Plant"})
    file = tmp_path / SETTINGS_FILE
    file.write_text("# my note\n" + file.read_text())
    before = file.read_text().splitlines()
    for value in (datetime(2026, 1, 1, tzinfo=UTC), "live", "2025-06-01T00:00:00Z"):
        change_setting(tmp_path, "as_of", value)
    after = file.read_text().splitlines()
    assert [line for line in after if line not in before] == ['as_of = "2025-06-01T00:00:00Z"']
    assert load_settings(tmp_path).as_of == datetime(2025, 6, 1, tzinfo=UTC)


def test_a_setting_missing_from_the_file_is_added_where_it_counts(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text('name = "Plant"\n')
    change_setting(tmp_path, "seed", 7)
    assert (load_settings(tmp_path).seed, load_settings(tmp_path).name) == (7, "Plant")


def test_a_naive_time_is_refused(tmp_path: Path) -> None:
    write_settings(tmp_path, {})
    with pytest.raises(InvalidDocument, match="time zone"):
        change_setting(tmp_path, "as_of", datetime(2026, 1, 1))  # noqa: DTZ001
    assert load_settings(tmp_path).as_of == "live"


def test_webhooks_are_tables_that_are_read_back(tmp_path: Path) -> None:
    sms = {"url": "https://gateway.example/send", "form": "sms", "payload": {"to": ["$to"], "text": "$text"}}
    write_settings(tmp_path, {"webhooks": {"sms": sms}})
    found = load_settings(tmp_path).webhooks["sms"]
    assert found.filled({"to": "+49", "text": "Hello"}) == {"to": ["+49"], "text": "Hello"}
    write_settings(tmp_path, {})
    with (tmp_path / SETTINGS_FILE).open("a") as file:
        file.write('[webhooks.chat]\nurl = "https://chat.example/T0psecret"\nleast_severity = "critical"\n')
    settings = load_settings(tmp_path)
    assert settings.webhooks["chat"].least_severity == "CRITICAL"
    assert "T0psecret" not in repr(settings)


def test_every_fault_of_a_webhook_is_told_without_its_address(tmp_path: Path) -> None:
    lines = '[webhooks.chat]\nurl = "http://chat.example/T0psecret"\npayload = {text = "$colour"}\n[webhooks.Sms]\n'
    (tmp_path / SETTINGS_FILE).write_text(lines)
    with pytest.raises(InvalidDocument) as caught:
        load_settings(tmp_path)
    assert "$colour is unknown" in str(caught.value)
    assert "webhooks.Sms" in str(caught.value)
    assert "T0psecret" not in f"{caught.value} {caught.value.__cause__}"
