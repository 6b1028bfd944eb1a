"""A report from a real workspace: one page, its PDF, its notebook, a record; hostile text in it stays text."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys

import nbformat
import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader
from tests.conftest import lacking

from workbench.errors import InputError, WorkbenchError
from workbench.reports import render
from workbench.reports.page import remote_loads
from workbench.reports.pdf import HOW_TO_GET_PDF, pdf_of
from workbench.workflows.report import report
from workbench.workspace import Workspace

SCRIPT = "<script>alert(1)</script> \"quoted\" 'once' & </td></table>"
RIGHT_TO_LEFT = "\u0645\u0636\u062e\u0629 \u202eevil\u202c"
LONG = "Long" + "x" * 9_990


def weasyprint_runs() -> bool:
    """WeasyPrint fails at its import when Pango is not there."""
    return subprocess.run([sys.executable, "-c", "import weasyprint"], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, build):
    fleet = build.labelled_fleet(5)
    titles, locations, works = (
        (SCRIPT, RIGHT_TO_LEFT, LONG),
        (RIGHT_TO_LEFT, LONG[:500], SCRIPT),
        (LONG, SCRIPT, RIGHT_TO_LEFT),
    )
    views = [*fleet.machines]
    for number, (title, location, work) in enumerate(zip(titles, locations, works, strict=True)):
        view = views[number]
        hostile = view.profile.model_copy(update={"title": title, "location": location})
        orders = tuple(order.model_copy(update={"title": work, "steps": (work,)}) for order in view.orders)
        views[number] = type(view)(**{**vars(view), "profile": hostile, "orders": orders})
    settings = {"name": "North <b>plant</b>", "as_of": fleet.as_of.isoformat(), "simulated": True}
    with Workspace.init(tmp_path_factory.mktemp("reports") / "ws", settings=settings) as ws:
        build.fill(ws, build.snapshot(*views))
        yield ws


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def record(workspace, told, tmp_path_factory):
    """The one report that most tests look at; made without any kernelspec and with a home of its own."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        # No kernelspec is installed here: the kernel must be this very Python all the same.
        patch.setenv("JUPYTER_PATH", str(home / "nothing"))
        patch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
        made = report(
            workspace, "fleet_health", {"max_details": 3}, key="job 1", progress=lambda done, _: told.append(done)
        )
    # Outside the workspace nothing is written but fontconfig's list of fonts, which is the system's own.
    assert {path.name for path in home.iterdir()} <= {".cache"}
    return made


@pytest.fixture(scope="module")
def page(workspace, record):
    return (workspace.path / record.outputs["html"]).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pdf(workspace, record):
    if not weasyprint_runs():
        lacking("pango", "WeasyPrint cannot run")
    return PdfReader(io.BytesIO((workspace.path / record.outputs["pdf"]).read_bytes()))


@pytest.fixture(scope="module")
def words(pdf):
    """All words of the PDF; lines are joined, for a long word may go over many."""
    return "".join(leaf.extract_text() for leaf in pdf.pages).replace("\n", "")


def test_the_page_is_self_contained_and_its_record_says_how_it_was_made(workspace, record, page, told):
    soup = BeautifulSoup(page, "html.parser")
    assert remote_loads(page) == []
    assert "http" not in page
    assert soup.find("script") is None
    assert len(soup.select("section.machine")) == 3
    assert len(soup.select("h1")) == 1
    assert workspace.data_hash()[:16] in page
    assert (record.state, record.error, record.key) == ("done", "", "job 1")
    assert record.as_of == workspace.as_of()
    assert record.data_hash == workspace.data_hash()
    assert record.model_versions == {"health/fleet": "3f2a91c0-aaaa"}
    assert record.parameters == {"title": "Fleet health", "max_details": 3, "days": 30.0}
    assert record.duration_s > 0
    assert workspace.reports.get(record.report_id) == record
    executed = nbformat.read(workspace.path / record.outputs["notebook"], as_version=4)
    assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code")
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_record_names_each_file_with_its_size_and_hash(workspace, record):
    assert {"html", "notebook"} <= set(record.outputs) == set(record.files)
    for kind, place in record.outputs.items():
        payload = (workspace.path / place).read_bytes()
        assert record.files[kind].size == len(payload)
        assert record.files[kind].sha256 == hashlib.sha256(payload).hexdigest()
        assert re.fullmatch(r"outputs/(reports/)?fleet_health-2026-01-01-[0-9a-f]{8}\.(html|pdf|ipynb)", place)


def test_the_same_key_again_returns_the_finished_report(workspace, record):
    before = {path: path.stat().st_mtime_ns for path in (workspace.path / "outputs").rglob("*.*")}
    assert report(workspace, "fleet_health", {"max_details": 3}, key="job 1") == record
    assert {path: path.stat().st_mtime_ns for path in (workspace.path / "outputs").rglob("*.*")} == before


def test_hostile_text_shows_as_text_in_the_page(page):
    soup = BeautifulSoup(page, "html.parser")
    headings = " ".join(heading.get_text() for heading in soup.select("section.machine h3"))
    shown = soup.main.get_text()
    for text in (SCRIPT, RIGHT_TO_LEFT, LONG):
        assert text in headings
        assert text in shown
    assert soup.find("b", string="plant") is None
    assert soup.find("meta", {"name": "author"})["content"] == "North <b>plant</b>"


def test_hostile_text_shows_as_text_in_the_pdf(words):
    tight = words.replace(" ", "")
    assert SCRIPT.replace(" ", "") in tight
    assert "x" * 2000 in tight
    assert "evil" in tight or "live" in tight


def test_the_pdf_says_the_same_as_the_page(page, words):
    soup = BeautifulSoup(page, "html.parser")
    tight = words.replace(" ", "")
    figures = [card.get_text() for card in soup.select(".figure-value")]
    assert figures
    for text in (*figures, *(heading.get_text().rstrip("¶") for heading in soup.select("h2"))):
        assert text.replace(" ", "").replace("\xa0", "") in tight.replace("\xa0", "")


def test_the_pdf_has_numbered_pages_a_running_head_and_contents_that_lead_to_pages(pdf, page):
    pages = len(pdf.pages)
    assert 4 <= pages <= 40
    texts = [leaf.extract_text() for leaf in pdf.pages]
    for number, text in enumerate(texts, start=1):
        assert f"{number} of {pages}" in text
    assert all("North <b>plant</b> · as of 2026-01-01 00:00 UTC" in text for text in texts[1:])
    assert all("Fleet health · simulated data" in text for text in texts[1:])
    sections = [a.get_text() for a in BeautifulSoup(page, "html.parser").select("nav a")]
    assert sections
    targets = {
        str(link["/Dest"] if "/Dest" in link else link["/A"]["/D"])
        for leaf in pdf.pages
        for link in (entry.get_object() for entry in leaf.get("/Annots", []))
    }
    known = pdf.named_destinations
    for section in sections:
        anchor = section.replace(" ", "-")
        assert anchor in targets
        target = pdf.get_destination_page_number(known[anchor])
        assert re.search(rf"{re.escape(section)}[ .]*{target + 1}\b", "\n".join(texts[:target]))
        assert section in texts[target]


def test_the_pdf_is_tagged_and_has_metadata_and_bookmarks(pdf, record):
    catalog = pdf.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"] is True or str(catalog["/MarkInfo"]["/Marked"]).lower() == "true"
    assert catalog["/Lang"] == "en"
    assert "pdfuaid" in pdf.xmp_metadata.stream.get_data().decode()
    kinds = set()

    def walk(node):
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict) and "/S" in node:
            kinds.add(str(node["/S"]))
            if str(node["/S"]) == "/Figure":
                assert node.get("/Alt"), "every chart has words that say the same"
            if "/K" in node:
                walk(node["/K"])

    walk(catalog["/StructTreeRoot"]["/K"])
    assert {"/H1", "/H2", "/H3", "/Table", "/TH", "/TD", "/Figure", "/L", "/Link"} <= kinds
    assert pdf.metadata.title == "Fleet health"
    assert pdf.metadata.author == "North <b>plant</b>"
    assert "fleet_health" in pdf.metadata.subject
    assert "fleet_health" in pdf.metadata["/Keywords"]
    assert pdf.metadata.creation_date.replace(microsecond=0) == record.created_at.replace(microsecond=0)
    bookmarks = [entry.title for entry in pdf.outline if not isinstance(entry, list)]
    inner = [
        entry.title for part in pdf.outline if isinstance(part, list) for entry in part if not isinstance(entry, list)
    ]
    assert bookmarks == ["Fleet health Simulated data"] or bookmarks == ["Fleet health"]
    assert "Machines in detail" in inner


def test_nothing_in_the_pdf_leads_outside(pdf):
    for leaf in pdf.pages:
        for entry in leaf.get("/Annots", []):
            action = entry.get_object().get("/A", {})
            assert str(action.get("/S", "/GoTo")) == "/GoTo"
    assert "/EmbeddedFiles" not in pdf.trailer["/Root"].get("/Names", {})


def test_the_pdf_of_the_same_page_has_the_same_bytes(page, pdf):
    start, rest = page.split("<main", 1)
    chart = re.search(r"<figure>.*?</figure>", rest, flags=re.DOTALL)[0]
    short = f"{start}<main><h1>Short</h1>{chart}</main></body></html>"
    assert pdf_of(short) == pdf_of(short)


def test_the_pdf_loads_nothing_not_even_a_local_file(pdf, tmp_path):
    import http.server
    import threading

    asked = []

    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    secret = tmp_path / "secret.css"
    secret.write_text("p::after { content: 'taken from the disk' }")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}"
        made = pdf_of(
            f"<html lang=en><title>t</title><link rel=stylesheet href='{place}/a.css'>"
            f"<link rel=stylesheet href='{secret.as_uri()}'><style>@import '{place}/b.css'; "
            f"p {{ background: url({place}/c.png) }}</style><p>words<img src='{place}/d.png' alt=d>"
            f"<svg><image href='{place}/e.png'/></svg></html>"
        )
        server.shutdown()
    assert asked == []
    text = PdfReader(io.BytesIO(made)).pages[0].extract_text()
    assert "words" in text
    assert "taken" not in text


def test_without_weasyprint_it_is_html_and_a_line_on_how_to_get_pdf(workspace, monkeypatch, tmp_path, own_report):
    own_report("short", 'title = "Short"', "1 + 1")
    broken = tmp_path / "broken" / "weasyprint"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise OSError('cannot load library libpango-1.0-0')")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))
    made = render(workspace, "short", change=workspace.change("test"))
    assert made.state == "done"
    assert set(made.outputs) == {"html", "notebook"}
    assert made.notes == (f"HTML only (Pango is not installed); {HOW_TO_GET_PDF}",)


def test_unknown_parameters_and_formats_are_refused_before_anything_runs(workspace):
    known = len(workspace.reports.all())
    with pytest.raises(InputError, match="'colour' is unknown"):
        render(workspace, "fleet_health", {"colour": "red"}, change=workspace.change("test"))
    with pytest.raises(InputError, match=r"as docx.*Formats: html, pdf"):
        render(workspace, "fleet_health", change=workspace.change("test"), formats=["docx"])
    assert len(workspace.reports.all()) == known


def test_a_failing_cell_keeps_the_notebook_a_failed_record_and_tells_operations(workspace):
    with pytest.raises(WorkbenchError, match=r"failed: cell \d+: InputError.*days = 0") as caught:
        report(workspace, "fleet_health", {"days": 0.0}, key="job 2")
    assert caught.value.exit_code == 1
    record = caught.value.record
    assert workspace.reports.get(record.report_id) == record
    assert (record.state, record.key) == ("failed", "job 2")
    assert "Traceback" in record.log
    assert "\x1b" not in record.log
    kept = workspace.path / record.outputs["notebook"]
    assert str(kept) in str(caught.value)
    executed = nbformat.read(kept, as_version=4)
    errors = [out for cell in executed.cells for out in cell.get("outputs", []) if out.output_type == "error"]
    assert errors[0].ename == "InputError"
    assert set(record.outputs) == {"notebook"}
    (notice,) = [one for one in workspace.notices.all() if "fleet_health failed" in one.subject]
    assert notice.recipient == "operations:workspace"
    assert "days = 0" in notice.body
