"""A benchmark's result as a table for people."""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

_INTERVAL = "_interval"


def show_result(result: dict[str, Any], console: Console | None = None) -> None:
    """Print the result of ``run_benchmark`` as tables: figures with their intervals, peers, and how it was run."""
    (console or Console()).print(as_table(result))


def as_table(result: dict[str, Any]) -> RenderableType:
    """Return the result of ``run_benchmark`` as something rich can print."""
    head = Text(f"Benchmark {result['benchmark']}", style="bold")
    if result["simulated"]:
        head.append("  SIMULATED machines: no claim about real ones", style="yellow")
    facts = [
        ("protocol", result["protocol"]),
        ("model chosen by", result["chosen_by"]),
        ("data", ", ".join(result["data"]) or "made by the benchmark"),
        ("seeds", ", ".join(map(str, result["seeds"]))),
        ("took", f"{_figure(result['seconds']['total'])} s, at most {result['peak_memory_mb']} MB"),
    ]
    about = Table(show_header=False, box=None, padding=(0, 1))
    for label, text in facts:
        about.add_row(Text(label, style="dim"), escape(text))
    parts: list[RenderableType] = [head, about, _metrics_table(result["metrics"])]
    if result["peers"]:
        parts.append(_peers_table(result["peers"]))
    return Group(*parts)


def _metrics_table(metrics: dict[str, Any]) -> Table:
    table = Table("figure", title="Ours", title_justify="left")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    for key, value in metrics.items():
        if not key.endswith(_INTERVAL):
            table.add_row(escape(key), _figure(value), _figure(metrics.get(key + _INTERVAL, "")))
    return table


def _peers_table(peers: dict[str, Any]) -> Table:
    table = Table("peer", title="Peers", title_justify="left")
    table.add_column("value", justify="right")
    table.add_column("source, protocol")
    for key, value in peers.items():
        if key.endswith(_INTERVAL):
            continue
        if isinstance(value, dict):
            told = ", ".join(str(value[k]) for k in ("source", "protocol") if value.get(k))
            figures = ", ".join(f"{k} {_figure(v)}" for k, v in value.items() if k not in ("source", "protocol"))
            table.add_row(escape(key), figures, escape(told))
        else:
            interval = peers.get(key + _INTERVAL)
            told = "same run" + (f", 95 % interval {_figure(interval)}" if interval else "")
            table.add_row(escape(key), _figure(value), told)
    return table


def _figure(value: Any) -> str:
    """Return a figure with about four significant digits; a dash where there is none.

    >>> _figure([0.123456, 12.0]), _figure(None), _figure(1234567), _figure(12.3456)
    ('0.1235 to 12', '-', '1,234,567', '12.35')
    """
    if value is None:
        return "-"
    if isinstance(value, list):
        return " to ".join(_figure(item) for item in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int) or abs(value) >= 1e4:
        return f"{value:,.0f}"
    return f"{value:.4g}"
