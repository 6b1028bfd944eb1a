"""The commands about work of the past: import it, search and list it, find what is like an expected failure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import remark, say, say_json, table
from workbench.cli.present import counted

if TYPE_CHECKING:
    from workbench.domain.analysis import PastCase
    from workbench.domain.history import PastWork

history = typer.Typer(help="Work orders of the past, imported and own.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(history, name="history")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Limit = Annotated[int, typer.Option("-n", "--limit", min=1, help="How many at most.")]
_LONGEST = 90


@history.command("import")
def import_orders(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file of work orders.")],
    mapping: Annotated[Path | None, typer.Option(help="YAML or JSON file that names the columns.")] = None,
    system: Annotated[str | None, typer.Option(help="Name of the system that the orders are from.")] = None,
    update: Annotated[bool, typer.Option("--update", help="Replace orders recorded with other content.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse the whole file for any bad row.")] = False,
    json_: Json = False,
) -> None:
    """Import work orders of the past.

    Columns of SAP PM, Maximo and plain English headings are recognised, and the published sets AssetOpsBench, MWO2KG and MaintIE.
    Bad rows are quarantined with a reason. The same file again changes nothing.
    """
    from workbench.workflows.history import import_history

    with open_workspace() as ws:
        report = import_history(ws, file, mapping=mapping, system=system, update=update, strict=strict)
        kept = ws.telemetry.quarantine_file(report.batch_id)
    if json_:
        say_json({"report": report, "quarantine": str(kept) if kept else None})
        return
    if report.already_ingested:
        say(f"{report.source}: already imported, nothing changed")
        return
    say(
        f"{report.source}: {counted(report.rows_stored, 'order')} recorded ({report.rows_read:,} read, "
        f"{report.rows_identical:,} known already, {report.rows_quarantined:,} quarantined)"
    )
    for fault in report.faults:
        place = f" in {fault.column}" if fault.column else ""
        say(f"  quarantined: {counted(fault.rows, 'row')}: {fault.reason}{place}, e.g. {fault.example}")
    for note in report.notes:
        say(f"  note: {note}")
    if kept is not None:
        remark(f"the quarantined rows are kept, each with its number and reason, in {kept}")


@history.command()
def search(
    text: Annotated[str, typer.Argument(help='Words of the order, e.g. "oil leak" gearbox.')],
    limit: Limit = 10,
    json_: Json = False,
) -> None:
    """Search past orders by their words, best first. Words in double quotes belong together."""
    from workbench.workflows.history import search_history

    with open_workspace() as ws:
        found = search_history(ws, text, limit=limit)
        names = ws.history.count()
    if json_:
        say_json({"orders": [{"score": round(score, 3), "order": order} for order, score in found]})
    elif found:
        _show([order for order, _ in found])
    elif names:
        say(f"No past order holds a word of {text!r}.")
    else:
        say("No work orders of the past are recorded. Import some: workbench history import FILE")


@history.command("list")
def list_orders(
    machine: Annotated[str | None, typer.Option("-m", "--machine", help="Only orders of this machine.")] = None,
    limit: Limit = 20,
    after: Annotated[str, typer.Option(help="Go on after this order, as the page before says.")] = "",
    json_: Json = False,
) -> None:
    """List past orders, the newest first."""
    from workbench.workflows.history import list_history

    with open_workspace() as ws:
        page = list_history(ws, machine, limit=limit, after=after)
    if json_:
        say_json({"orders": page.orders, "in_all": page.total, "next": page.next})
    elif page.orders:
        _show(page.orders)
        if page.next:
            only = f" --machine {machine}" if machine else ""
            shown = f"{counted(len(page.orders), 'order')} of {page.total:,}"
            say(f"{shown}; the next ones: workbench history list{only} --limit {limit} --after {page.next}")
    elif page.total:
        say("No order is older.")
    else:
        say("No work orders of the past are recorded. Import some: workbench history import FILE")


@history.command()
def similar(
    machine: Annotated[str, typer.Argument(help="Machine id.")],
    mode: Annotated[
        str | None, typer.Option(help="Failure mode; default: the likeliest of its newest prediction.")
    ] = None,
    symptoms: Annotated[str, typer.Option(help="Further words to look for, e.g. 'noisy hot'.")] = "",
    limit: Limit = 5,
    json_: Json = False,
) -> None:
    """Show past cases like the failure expected of a machine.

    Why each is similar, what fixed it, how long it took, what it cost.
    """
    from workbench.workflows.history import similar_history

    with open_workspace() as ws:
        found = similar_history(ws, machine, mode, symptoms=symptoms, limit=limit)
    if json_:
        say_json(found)
        return
    for case in found.cases:
        for line in _case_lines(case):
            say(line)
    say(found.summary.in_words())


def _show(orders: Sequence[PastWork]) -> None:
    from workbench.domain.history import amount_text

    rows = [
        (
            order.number or order.work_id[:8],
            f"{order.happened_at:%Y-%m-%d}" if order.happened_at else "",
            order.machine_id or order.asset,
            order.component[:40],
            _cut(order.text),
            _cut(order.remedy),
            "" if order.downtime_h is None else f"{order.downtime_h:,.1f}",
            "" if not order.cost else amount_text(order.cost, order.currency).replace(" (currency not recorded)", ""),
            order.source,
        )
        for order in orders
    ]
    headings = ("order", "date", "machine", "component", "text", "done", "down (h)", "cost", "source")
    empty = [place for place in range(len(headings)) if not any(row[place] for row in rows)]
    shown = [place for place in range(len(headings)) if place not in empty]
    table([headings[place] for place in shown], [[row[place] for place in shown] for row in rows])


def _case_lines(case: PastCase) -> list[str]:
    from workbench.domain.history import amount_text
    from workbench.domain.predictions import UNKNOWN_MODE

    when = f"{case.time:%Y-%m-%d}" if case.time else "date not recorded"
    where = f"{case.source} {case.number}".strip()
    facts = [
        f"downtime {case.downtime_h:,.1f} h" if case.downtime_h is not None else "downtime not recorded",
        *([f"labour {case.labour_h:,.1f} h"] if case.labour_h is not None else []),
        f"cost {amount_text(case.cost, case.currency)}"
        if case.cost
        else "no cost booked"
        if case.cost == 0
        else "cost not recorded",
    ]
    cause = "" if case.cause == UNKNOWN_MODE else f"  {case.cause.replace('_', ' ')}"
    lines = [f"{when}  {case.machine}{cause}  ({where})"]
    lines += [f"    order: {_cut(case.text, 200)}"] if case.text else []
    lines.append(f"    done: {_cut(case.remedy, 200) or 'not recorded apart from the order'}; {', '.join(facts)}")
    lines.append(f"    why: {'; '.join(case.why)}")
    return lines


def _cut(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 3] + "..."
