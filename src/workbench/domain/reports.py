"""Reports that were made, with all that is needed to make them again."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Frozen, UtcTime


class ReportFile(Frozen):
    """One file of a report as it was written."""

    size: int = Field(ge=0, description="bytes")
    sha256: str


class ReportRecord(Frozen):
    """A report that was made, with all that is needed to make it again."""

    report_id: str
    template: str
    key: str = Field(default="", description="given by who asked: the same key again returns the finished report")
    created_at: UtcTime
    as_of: UtcTime
    state: Literal["done", "failed"]
    parameters: dict[str, object]
    outputs: dict[str, str] = Field(description="format: path relative to the workspace")
    files: dict[str, ReportFile] = Field(default={}, description="format: size and hash of what was written")
    model_versions: dict[str, str] = {}
    data_hash: str = ""
    code_version: str = ""
    duration_s: float = Field(default=0.0, ge=0)
    notes: tuple[str, ...] = Field(default=(), description="what is absent and how to get it")
    error: str = Field(default="", description="why it failed, in one sentence")
    log: str = ""
