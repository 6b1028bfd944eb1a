"""The page of a report loads nothing, shows no code, and has a contents list that works."""

from __future__ import annotations

import nbformat
import pytest
from bs4 import BeautifulSoup

from workbench.errors import WorkbenchError
from workbench.reports import template_path
from workbench.reports.page import PageFacts, html_page, remote_loads


def notebook(html: str = "<p>shown</p>") -> nbformat.NotebookNode:
    v4 = nbformat.v4
    code = v4.new_code_cell("secret_call()", outputs=[v4.new_output("execute_result", data={"text/html": html})])
    text = v4.new_output("display_data", data={"text/plain": "<b>plain</b>"})
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# For notebooks", metadata={"tags": ["notebook-only"]}),
            code,
            v4.new_markdown_cell("## First part"),
            v4.new_code_cell("x", outputs=[text, v4.new_output("stream", text="a warning")]),
            v4.new_markdown_cell("## Second part"),
        ]
    )


def test_page_shows_results_and_no_code():
    page = html_page(notebook(), PageFacts(title="A <report>"))
    soup = BeautifulSoup(page, "html.parser")
    assert soup.title.text == "A <report>"
    assert "shown" in page
    for hidden in ("secret_call", "a warning", "For notebooks"):
        assert hidden not in page
    assert soup.pre.text == "<b>plain</b>"
    assert soup.html["lang"] == "en"
    assert soup.find("script") is None


def test_contents_lead_to_their_headings():
    soup = BeautifulSoup(html_page(notebook(), PageFacts(title="Report")), "html.parser")
    links = {a.text: a["href"] for a in soup.select("nav a")}
    assert links == {"First part": "#First-part", "Second part": "#Second-part"}
    assert all(soup.find(id=target[1:]) for target in links.values())


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="https://example.org/a.png">',
        "<script src='//cdn.example.org/x.js'></script>",
        '<link rel="stylesheet" href="http://example.org/a.css">',
        "<style>@import 'https://example.org/a.css';</style>",
        "<style>p { background: url( https://example.org/a.png ) }</style>",
        '<p style="background: url(//example.org/a.png)">x</p>',
        '<svg><image xlink:href="https://example.org/a.png"/></svg>',
    ],
)
def test_a_page_that_would_load_something_is_refused(markup):
    with pytest.raises(WorkbenchError, match="from elsewhere"):
        html_page(notebook(markup), PageFacts(title="Report"))


def test_an_address_in_words_is_no_load():
    assert remote_loads("<p>see https://example.org, url(https://example.org), @import 'https://a.b'</p>") == []
    assert remote_loads('<td data-label="a src=//example.org b">x</td>') == []


def test_report_notebook_is_committed_without_outputs():
    source = nbformat.read(template_path("fleet_health"), as_version=4)
    code = [cell for cell in source.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    tagged = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert all("  # " in line for line in tagged[0].source.splitlines())
    assert source.metadata.kernelspec.name == "python3"


def test_sections_without_content_become_one_line_at_the_end():
    v4 = nbformat.v4

    def cell(html: str) -> nbformat.NotebookNode:
        return v4.new_code_cell("x", outputs=[v4.new_output("execute_result", data={"text/html": html})])

    book = v4.new_notebook(
        cells=[
            v4.new_markdown_cell("## Work orders"),
            cell('<p class="empty" data-short="no work orders">No work order is open.</p>'),
            v4.new_markdown_cell("## Signals"),
            cell('<p class="empty" data-short="no &lt;cases&gt;">No case.</p>'),
            cell("<p>something</p>"),
            v4.new_markdown_cell("## Calibration"),
            cell('<p class="empty" data-short="">This model states no probabilities.</p>'),
        ]
    )
    soup = BeautifulSoup(html_page(book, PageFacts(title="Report")), "html.parser")
    assert [heading.get_text().rstrip("¶") for heading in soup.select("h2")] == ["Signals"]
    assert [a.text for a in soup.select("nav a")] == ["Signals"]
    assert soup.select_one(".absent").text == "No work orders, no <cases>."
    assert soup.select(".empty") == []
    assert len(book.cells[1].outputs) == 1, "the notebook itself is left as it is"
