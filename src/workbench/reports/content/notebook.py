"""The look of the report for those who read it in JupyterLab or Voila, where the page's style sheet is absent."""

from __future__ import annotations

from importlib.resources import files

from .markup import Fragment

# Where JupyterLab and Voila show the outputs of cells; nothing outside these is styled, and inside their own rules lose.
OUTPUTS = ".jp-OutputArea-output.jp-RenderedHTMLCommon.jp-RenderedHTMLCommon"


# What Jupyter's own sheet does to definition lists, undone.
UNDONE = "dt, dd { display: block; float: none; width: auto; padding: 0; font-weight: inherit; }"


def notebook_style() -> Fragment:
    """Return the report's style sheet, limited to cell outputs."""
    sheet = files("workbench.reports").joinpath("templates", "report", "style.css").read_text(encoding="utf-8")
    lines = [line for line in sheet.splitlines() if not line.startswith("html {")]
    scoped = "\n".join(lines).replace(":root {", "& {").replace("body {", "& {")
    return Fragment(f"<style>{OUTPUTS} {{\n{UNDONE}\n{scoped}\n}}</style>")
