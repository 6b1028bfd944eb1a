"""The command that says what predictions were worth."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table
from workbench.cli.present import counted
from workbench.cli.times import instant
from workbench.domain.money import money_text

SHOWN = 20


@app.command()
def value(
    start: Annotated[str | None, typer.Option("--from", help="Orders closed from then on, e.g. 2026-01-01.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Orders closed before.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Show what predictions were worth: avoided cost of confirmed findings, less false alarms."""
    from workbench.workflows.value import value_ledger

    with open_workspace() as ws:
        ledger = value_ledger(ws, instant(start), instant(end))
    if json_:
        say_json(ledger)
        return

    def money(amount: int) -> str:
        return money_text(amount, ledger.currency)

    shown = ledger.entries[:SHOWN]
    if shown:
        rows = [
            (e.number, f"{e.at:%Y-%m-%d}", e.machine_id, e.kind.value.replace("_", " "), money(e.amount), e.reason)
            for e in shown
        ]
        table(("order", "closed", "machine", "what", "worth", "why"), rows)
    if len(ledger.entries) > SHOWN:
        say(f"The newest {SHOWN} of {len(ledger.entries):,} entries; --json gives all.")
    say(f"Confirmed: {counted(ledger.confirmed, 'order')}, {money(ledger.avoided)} avoided less the work")
    say(f"False alarms: {counted(ledger.false_alarms, 'order')}, {money(ledger.false_alarm_cost)}")
    low_high = ledger.net_interval
    span = f" ({money(low_high[0])} to {money(low_high[1])})" if low_high else ""
    say(f"Net: {money(ledger.net)}{span}; {ledger.evidence}")
    say(
        f"Beside it: {counted(ledger.late, 'failure')} foretold but too late ({money(ledger.late_cost)}), "
        f"{counted(ledger.missed, 'failure')} missed ({money(ledger.missed_cost)} as far as known), "
        f"{counted(ledger.missed_without_order, 'failure')} of watched machines without any order"
    )
