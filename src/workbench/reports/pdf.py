"""Turns a report's page into a PDF by WeasyPrint, in a child process that can be stopped and loads nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from workbench.errors import WorkbenchError

from .child import command

HOW_TO_GET_PDF = "for PDF: pip install 'weasyprint>=63', and Pango (apt install libpango-1.0-0 libpangoft2-1.0-0)"
NO_WEASYPRINT = 3
_STYLED = re.compile(r'style="[^"]*"')
# A chart's colour that follows the page's theme, with the colour that it has in the light theme.
_THEMED = re.compile(r"var\(--[a-z]+, *(#[0-9a-fA-F]{3,8})\)")


class NoPdf(WorkbenchError):
    """WeasyPrint cannot run here; the page is complete without it."""


class PdfFailed(WorkbenchError):
    """WeasyPrint ran and ended without a PDF."""


@dataclass(frozen=True)
class PdfWriter:
    """A process that has WeasyPrint loaded and waits for one page."""

    process: subprocess.Popen[bytes]

    def write(self, page: str, *, limit_s: float) -> bytes:
        """Return the PDF of ``page``.

        Raises:
            NoPdf: WeasyPrint or Pango is not there.
            PdfFailed: the page could not be set, or not within ``limit_s`` seconds.
        """
        try:
            made, said = self.process.communicate(page.encode(), timeout=limit_s)
        except subprocess.TimeoutExpired as error:
            raise PdfFailed("the PDF was stopped, the report took longer than its limit.") from error
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        if self.process.returncode == NO_WEASYPRINT:
            raise NoPdf(f"HTML only ({last});", HOW_TO_GET_PDF)
        if self.process.returncode or not made.startswith(b"%PDF"):
            raise PdfFailed(f"the PDF could not be made: {last or f'exit {self.process.returncode}'}.")
        return made


@contextmanager
def pdf_writer() -> Iterator[PdfWriter]:
    """Yield a writer whose process loads WeasyPrint at once; it does not outlive this block, nor this process.

    Raises:
        NoPdf: WeasyPrint is not installed.
    """
    if find_spec("weasyprint") is None:
        raise NoPdf("HTML only (WeasyPrint is not installed);", HOW_TO_GET_PDF)
    pipe = subprocess.PIPE
    with subprocess.Popen(command("pdf_child"), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            yield PdfWriter(process)
        finally:
            process.kill()


def in_light_theme(page: str) -> str:
    """Return ``page`` with the charts' colours fixed to those of the light theme: WeasyPrint reads no variables in SVG.

    >>> in_light_theme('<path style="fill: var(--ink, #0f172a)"/>')
    '<path style="fill: #0f172a"/>'
    """
    return _STYLED.sub(lambda match: _THEMED.sub(r"\1", match[0]), page)


def pdf_of(page: str) -> bytes:
    """Return the tagged PDF of ``page`` by WeasyPrint in this process; nothing but ``data:`` is loaded."""
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    source = HTML(string=in_light_theme(page), url_fetcher=URLFetcher(allowed_protocols=("data",)))
    made: bytes = source.write_pdf(pdf_variant="pdf/ua-1")
    return made


def main() -> int:
    """Read a page from standard input and write its PDF to standard output."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError) as error:
        reason = "Pango is not installed" if isinstance(error, OSError) else "WeasyPrint is not installed"
        sys.stderr.write(f"{reason}\n")
        return NO_WEASYPRINT
    page = sys.stdin.buffer.read().decode()
    if page:
        sys.stdout.buffer.write(pdf_of(page))
    return 0
