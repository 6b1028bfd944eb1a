"""Tables by great_tables, styled by the report's own stylesheet and readable on a telephone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .markup import element, text


def table(
    name: str,
    columns: Mapping[str, str],
    rows: Sequence[Mapping[str, str]],
    *,
    caption: str,
    numeric: Sequence[str] = (),
    row_ids: Sequence[str] = (),
) -> str:
    """Return a table of markup cells.

    Args:
        name: identifier of the table, unique in the document.
        columns: column key and its heading (text).
        rows: cells (markup, already escaped) by column key.
        caption: what the table shows (text), read out by screen readers.
        numeric: keys of columns that are aligned to the right.
        row_ids: an id for each row, to link to it.
    """
    import pandas as pd
    from great_tables import GT

    keys = list(columns)
    frame = pd.DataFrame(
        [{key: element("div", row.get(key, "")) for key in keys} for row in rows], columns=keys, dtype="object"
    )
    built = GT(frame, id=name).cols_label(**{key: text(columns[key]) for key in keys})
    built = built.cols_align("left", columns=keys).fmt_passthrough(columns=keys, escape=False)
    if numeric:
        built = built.cols_align("right", columns=list(numeric))
    body = re.search(r"<table.*</table>", built.as_raw_html(), flags=re.DOTALL)
    if body is None:
        raise ValueError(f"great_tables gave no table for {name!r}")
    markup = _labelled(body.group(0), [columns[key] for key in keys], row_ids)
    markup = re.sub(r"<table[^>]*>", f'<table class="gt_table">{element("caption", text(caption))}', markup, count=1)
    return element("div", markup, class_=f"table table-{name}")


def _labelled(markup: str, headings: Sequence[str], row_ids: Sequence[str]) -> str:
    """Give each cell its heading, so that rows can be shown as cards, and each row its id."""
    head, tbody, rest = markup.partition('<tbody class="gt_table_body">')
    parts = re.split(r"(<tr>|<td headers=)", rest)
    row, cell = -1, 0
    out: list[str] = []
    for part in parts:
        if part == "<tr>":
            row, cell = row + 1, 0
            out.append(f'<tr id="{text(row_ids[row])}">' if row < len(row_ids) else part)
        elif part == "<td headers=":
            out.append(f'<td data-label="{text(headings[cell % len(headings)])}" headers=')
            cell += 1
        else:
            out.append(part)
    return head + tbody + "".join(out)
