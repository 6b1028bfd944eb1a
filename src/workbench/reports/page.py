"""Turns an executed report notebook into one self-contained HTML page without its code."""

from __future__ import annotations

import copy
import html
import re
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError

from .content.markup import PROVENANCE_MIME

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEMPLATES = Path(__file__).resolve().parent / "templates"
RUNNING_NAME = 60
_LOADING = frozenset({"src", "srcset", "href", "xlink:href", "data", "action", "formaction", "poster", "background"})
_EMPTY = re.compile(r'<p class="empty" data-short="([^"]*)">.*</p>', flags=re.DOTALL)
_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", flags=re.DOTALL)
_MARK, _TAG = re.compile(r'<span class="chip.*?</span>', flags=re.DOTALL), re.compile(r"<[^>]*>")
_ELSEWHERE = re.compile(r"\s*(?:https?:|ftp:)?//", flags=re.IGNORECASE)
_STYLE_LOAD = re.compile(
    r"""url\(\s*["']?\s*(?:https?:)?//[^)]*|@import\s+["']?\s*(?:https?:)?//[^;]*""", flags=re.IGNORECASE
)


@dataclass(frozen=True)
class PageFacts:
    """What a page says of itself beside its content: in its metadata, and in the running head when it is printed.

    ``created_at`` is when the report was asked for, so that the same page made again has the same bytes.
    """

    title: str
    workspace: str = ""
    as_of: datetime | None = None
    created_at: datetime | None = None
    description: str = ""
    keywords: tuple[str, ...] = ()
    simulated: bool = False

    @property
    def running_head(self) -> str:
        """Workspace and as-of in one line."""
        when = f"as of {self.as_of:%Y-%m-%d %H:%M} UTC" if self.as_of else ""
        return " · ".join(filter(None, (_shortened(self.workspace), when)))

    @property
    def running_title(self) -> str:
        """Title in one line, marked when the data are simulated."""
        return " · ".join(filter(None, (_shortened(self.title), "simulated data" if self.simulated else "")))


class _Loads(HTMLParser):
    """Collects what a browser would fetch from elsewhere: attributes and style sheets, never words."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            if value and name in _LOADING and _ELSEWHERE.match(value):
                self.found.append(f"{tag} {name}={value}")
            elif value and name == "style":
                self.found += _STYLE_LOAD.findall(value)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.found += _STYLE_LOAD.findall(data)


def html_page(notebook: NotebookNode, facts: PageFacts) -> str:
    """Return the page of an executed notebook: markdown and shown fragments, styled, nothing to be fetched.

    The same page serves the screen, a browser's print and the PDF.

    Raises:
        WorkbenchError: the page would load something from elsewhere.
    """
    from nbconvert.exporters import TemplateExporter

    exporter = TemplateExporter(
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        file_extension=".html",
        exclude_input=True,
        enable_async=False,
    )
    shown, absent = without_empty_sections(notebook)
    said = ", ".join(absent)
    page, _ = exporter.from_notebook_node(
        shown,
        resources={
            "facts": facts,
            "style": sheet("style.css"),
            "print_style": sheet("print.css"),
            "sections": sections(shown),
            "absent": f"{said[:1].upper()}{said[1:]}." if said else "",
        },
    )
    found = remote_loads(str(page))
    if found:
        raise WorkbenchError(
            f"The report would load {found[0]!r} from elsewhere.", "A report must hold all that it shows; remove it."
        )
    return str(page)


def _shortened(text: str) -> str:
    return text if len(text) <= RUNNING_NAME else f"{text[: RUNNING_NAME - 1]}…"


def sheet(name: str) -> str:
    """Return a style sheet of the report's pages: ``style.css`` or ``print.css``."""
    return (TEMPLATES / "report" / name).read_text(encoding="utf-8")


def without_empty_sections(notebook: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return a copy without the fragments that show nothing, and in few words what is absent.

    A section of which nothing else is left loses its heading too.
    """
    shown, absent = copy.deepcopy(notebook), []
    heading, holds, dropped = None, False, False
    idle: list[NotebookNode] = []
    for cell in shown.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            idle += [heading] if heading is not None and dropped and not holds else []
            heading, holds, dropped = cell, "\n" in cell.source.strip(), False
        elif cell.cell_type == "code":
            said = [(_EMPTY.fullmatch(output.get("data", {}).get("text/html", "")), output) for output in cell.outputs]
            absent += [html.unescape(match[1]) for match, _ in said if match and match[1]]
            dropped = dropped or any(match for match, _ in said)
            cell.outputs = [output for match, output in said if not match]
            holds = holds or bool(cell.outputs)
    idle += [heading] if heading is not None and dropped and not holds else []
    shown.cells = [cell for cell in shown.cells if not any(cell is one for one in idle)]
    return shown, absent


def remote_loads(page: str) -> list[str]:
    """Return everything in ``page`` that a browser would fetch from another place.

    >>> remote_loads('<img src="https://example.org/a.png">')
    ['img src=https://example.org/a.png']
    >>> remote_loads('<a href="#here" title="src=//b">see url(https://example.org)</a>')
    []
    """
    loads = _Loads()
    loads.feed(page)
    loads.close()
    return loads.found


def sections(notebook: NotebookNode) -> list[dict[str, str]]:
    """Return anchor and title of each second-level heading, for the page's contents."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found += [
                {"anchor": heading.replace(" ", "-"), "title": heading}
                for heading in re.findall(r"^## (.+?)\s*$", cell.source, flags=re.MULTILINE)
            ]
    return found


def heading(notebook: NotebookNode) -> str:
    """Return the words of the page's first heading, without its marks; nothing when it has none."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found = _HEADING.search(output.get("data", {}).get("text/html", ""))
            if found:
                return " ".join(html.unescape(_TAG.sub("", _MARK.sub("", found[1]))).split())
    return ""


def provenance(notebook: NotebookNode) -> dict[str, Any]:
    """Return what the report says of its own origin: as-of, data hash, model versions; empty if it never got there."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if PROVENANCE_MIME in data:
                return dict(data[PROVENANCE_MIME])
    return {}
