"""The command that says what a prediction means: what a failure costs, whether and when to act, what is recommended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table
from workbench.domain.analysis import cost_text
from workbench.domain.money import money_text

if TYPE_CHECKING:
    from workbench.domain.analysis import ActionDecision, AnalyticsPackage

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@app.command()
def assess(
    machines: Annotated[list[str] | None, typer.Argument(metavar="[MACHINE]...", help="Default: all.")] = None,
    machine: Annotated[list[str] | None, typer.Option("-m", "--machine", help="The same; repeatable.")] = None,
    json_: Json = False,
) -> None:
    """Say what a failure would cost, whether and when to act, and what would change the answer.

    Nothing is ordered and nothing is written; `workbench run` orders work. One machine is told in full.
    """
    from workbench.workflows.impact import assess as flow

    with open_workspace() as ws:
        packages, currency = flow(ws, [*(machines or ()), *(machine or ())] or None), ws.settings.currency
    if json_:
        say_json({"packages": packages})
    elif len(packages) == 1:
        for line in _in_full(packages[0], currency):
            say(line)
    else:
        columns = ("machine", "order", "cause", "P(failure)", "expected loss", "planned work", "best begun (UTC)")
        table(columns, [_row(package, currency) for package in packages])


def _row(package: AnalyticsPackage, currency: str) -> tuple[str, ...]:
    decision, expected = package.decision, package.expected
    return (
        package.machine_id,
        "now" if decision.act else "no",
        package.failure_mode,
        "not known" if decision.failure_probability is None else f"{100 * decision.failure_probability:.1f} %",
        "not known" if expected is None else money_text(expected.cost, currency),
        cost_text(decision.planned_cost, package.planned_impact.lacks, currency),
        _begun(decision),
    )


def _begun(decision: ActionDecision) -> str:
    if decision.best_at is None:
        return "not known"
    if decision.when is not None and decision.when.best == decision.when.occasions[-1]:
        return f"after {decision.best_at:%Y-%m-%d}"
    return f"{decision.best_at:%Y-%m-%d %H:%M}"


def _in_full(package: AnalyticsPackage, currency: str) -> Iterator[str]:
    yield f"{package.machine_id}, {package.failure_mode.replace('_', ' ')}, as of {package.as_of:%Y-%m-%d %H:%M} UTC"
    yield f"\n{package.decision.reason}"
    when = package.decision.when
    yield f"\n{package.decision.timing}"
    if when is not None:
        yield f"A day of running is worth {money_text(when.rate_per_day, currency)}: {when.rate_basis}."
        for reason in when.not_earlier:
            yield f"Not earlier: {reason}."
    expected = package.expected
    if expected is not None:
        low, high = (money_text(amount, currency) for amount in expected.cost_90)
        yield (
            f"Left alone for {expected.horizon_h:g} h: {money_text(expected.cost, currency)} expected "
            f"(in nine of ten cases it comes to {expected.comes_to(low, high)}), {expected.downtime_h:.1f} h of downtime."
        )
    for title, impact in (("A failure", package.failure_impact), ("Planned work", package.planned_impact)):
        yield f"\n{title}: {cost_text(impact.total, impact.lacks, currency)}, {impact.downtime_h:g} h of downtime"
        for item in impact.items:
            yield f"  {item.name}: {money_text(item.amount, currency) if item.known else 'not known'} ({item.inputs})"
    yield "\nRecommended"
    for entry in package.recommendations:
        saving = f"; expected saving {money_text(entry.expected_saving, currency)}" if entry.expected_saving else ""
        yield f"  {entry.rank}. {entry.action}{saving}"
        for fact in entry.evidence:
            yield f"     - {fact}"
