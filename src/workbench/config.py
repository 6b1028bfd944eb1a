"""Settings of a workspace: ``workbench.toml`` beside the data, overridden by ``WORKBENCH_*`` environment variables."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from workbench.domain.base import PHONE_PATTERN, UtcTime
from workbench.domain.webhooks import Webhook
from workbench.errors import InvalidDocument

SETTINGS_FILE = "workbench.toml"

WebhookName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]


class Settings(BaseSettings):
    """What a plant may set; every field has a default that works offline on one machine."""

    model_config = SettingsConfigDict(env_prefix="WORKBENCH_", extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(default="workbench", max_length=200, description="shown on screens and reports")
    as_of: Literal["live"] | UtcTime = Field(default="live", description="'live' or a fixed UTC instant")
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    database_url: str = Field(default="", description="PostgreSQL URL; empty: SQLite in data/workbench.db")
    planning_horizon_h: float = Field(default=168.0, gt=0, description="P(failure) is weighed over this horizon")
    co2_kg_per_kwh: float = Field(default=0.5, ge=0, description="kg of CO2 that a kWh of electricity counts")
    alarm_budget_per_machine_month: float = Field(default=1.0, gt=0)
    tracking_window_days: float = Field(default=30.0, gt=0, description="window for trends and utilisation")
    model_cache_size: int = Field(default=5, ge=1, le=50)
    seed: int = 0
    smtp_host: str = Field(default="", description="mail server; empty: no e-mail is sent")
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = Field(default="", description="the password is read from WORKBENCH_SMTP_PASSWORD only")
    email_sender: str = Field(default="", description="From address of notices")
    operations_email: str = Field(default="", description="told when background work or a report fails")
    operations_phone: str = Field(default="", pattern=PHONE_PATTERN, description="the same by SMS, e.g. +4930123456")
    webhooks: dict[WebhookName, Webhook] = Field(
        default={}, description="gateways for SMS and chat, each a table [webhooks.NAME] at the end of this file"
    )
    escalate_emergency_min: float = Field(
        default=30.0, ge=0, description="an emergency order that nobody acknowledged goes to the next person; 0: never"
    )
    escalate_urgent_min: float = Field(default=240.0, ge=0, description="the same for an urgent order; 0: never")
    purchase_order_cost: int = Field(
        default=5_000, ge=0, description="what one more purchase order costs, in minor units: writing, freight, booking"
    )
    no_fault_holds_days: float = Field(
        default=7.0,
        ge=0,
        description="so long after an inspection that found no fault the same evidence orders no work again; 0: it does at once",
    )
    order_approval_limit: int | None = Field(
        default=None,
        ge=0,
        description="work orders estimated above this, in minor units, wait for a supervisor's approval, but emergencies do not; not set: none does",
    )
    overtime_h: float = Field(default=1.0, ge=0, le=8, description="how long planned work may overrun a shift")
    report_time_limit_s: float = Field(default=300.0, gt=0, description="a report's notebook is stopped after this")
    simulated: bool = Field(default=False, description="the data are simulated; every figure is marked so")

    @field_validator("as_of", mode="before")
    @classmethod
    def _as_of(cls, value: object) -> object:
        if isinstance(value, str) and value != "live":
            return datetime.fromisoformat(value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, and arguments over both."""
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        toml = settings_cls.model_config.get("toml_file")
        return (*sources, TomlConfigSettingsSource(settings_cls)) if toml else sources


def load_settings(root: Path) -> Settings:
    """Read the settings of the workspace at ``root``; raises ``InvalidDocument`` listing every fault."""
    path = root / SETTINGS_FILE

    class FileSettings(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return Settings.model_construct(**dict(FileSettings()))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise InvalidDocument(str(path), faults) from error
    except ValueError as error:
        raise InvalidDocument(str(path), [str(error)]) from error
