"""The dashboard for everybody: contrast, keyboard, names for screen readers, room for fingers, addresses that name nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest
from widgets.conftest import Visits

from workbench.workspace import Workspace

pytest.importorskip("voila")

PROBE = f"window.probe = {(Path(__file__).parent / 'probe.js').read_text('utf-8')}"
NAMED = ("button", "link", "textbox", "searchbox", "combobox", "image", "img", "dialog", "progressbar", "navigation")
NASTY = '"><script>window.harmed=1</script><img src=x onerror="window.harmed=2">'


@pytest.fixture(scope="module")
def window(dashboard, chromium):
    """One window for this module's tests, with the probe in it; no test may leave a console error or a failed request."""
    visits = Visits(chromium)
    page = visits.open(dashboard.url)
    page.locator(".wb-machine").first.wait_for()
    page.evaluate(PROBE)
    yield page
    visits.close()
    visits.check()


@pytest.fixture
def fleet(window):
    window.set_viewport_size({"width": 1280, "height": 800})
    window.get_by_role("link", name="Fleet", exact=True).click()
    window.locator(".wb-machine").first.wait_for()
    window.evaluate("window.scrollTo(0, 0)")
    return window


def open_first(page):
    """Open the first machine by keyboard and wait for its charts."""
    page.locator(".wb-machine").first.focus()
    page.keyboard.press("Enter")
    page.locator(".sc-area").first.wait_for()


def settled(page):
    """Wait until nothing moves: colours half-way between two themes are nobody's."""
    page.wait_for_function("document.getAnimations().every((one) => one.playState !== 'running')")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_text_has_the_contrast_of_wcag(fleet, theme):
    switch = fleet.get_by_role("button", name=f"{theme.capitalize()} theme")
    if switch.count():
        switch.click()
    views = {}

    def judge(view):
        settled(fleet)
        views[view] = fleet.evaluate("probe.faint()")

    fleet.locator(".wb-card").first.click()
    fleet.get_by_role("button", name="Clear").wait_for()
    judge("one state")
    fleet.get_by_role("button", name="Clear").click()
    fleet.locator(".wb-machine").nth(11).wait_for()
    judge("fleet")
    jobs = fleet.get_by_role("button", name="Jobs:")
    jobs.click()
    fleet.locator(".wb-popover").wait_for()
    judge("jobs")
    fleet.keyboard.press("Escape")
    fleet.locator(".wb-popover").wait_for(state="hidden")
    open_first(fleet)
    fleet.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    fleet.get_by_role("button", name="Show code: Health").click()
    judge("machine")
    fleet.get_by_role("button", name="Hide code: Health").click()
    fleet.locator(".mp-picker input").click()
    fleet.locator(".mp-option").first.wait_for()
    judge("choice of machines")
    fleet.keyboard.press("Escape")
    fleet.get_by_role("button", name="Raise a ticket").click()
    fleet.locator(".mp-form input:focus").wait_for()
    judge("ticket")
    fleet.keyboard.press("Escape")
    fleet.locator(".mp-form").wait_for(state="hidden")
    assert {view: found["weak"] for view, found in views.items() if found["weak"]} == {}
    assert all(found["count"] > 60 for found in views.values())


def walk(page):
    """Press Tab from the top of the page to its end; return the names of all controls and what had the focus."""
    page.evaluate("""() => {
        document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex'); window.scrollTo(0, 0);
    }""")
    wanted = page.evaluate("probe.controls().map(probe.name)")
    stops = []
    for _ in range(len(wanted) + 5):
        page.keyboard.press("Tab")
        stop = page.evaluate("probe.focused()")
        if stop is None:
            break
        stops.append(stop)
    return wanted, stops


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("view", ["fleet", "machine"])
def test_tab_reaches_every_control_in_reading_order_and_shows_where_it_is(fleet, width, view):
    fleet.set_viewport_size({"width": width, "height": 800})
    if view == "machine":
        open_first(fleet)
    wanted, stops = walk(fleet)
    reached = [stop["number"] for stop in stops if stop["number"] >= 0]
    assert [name for number, name in enumerate(wanted) if number not in reached and "wb-skip" not in name] == []
    assert reached == sorted(reached)
    assert [stop["name"] for stop in stops if not stop["ring"]] == []
    assert [stop["name"] for stop in stops if stop["covered"]] == []
    assert len(wanted) > 30


def test_the_first_tab_offers_the_way_to_the_content(fleet):
    _, stops = walk(fleet)
    assert "Skip to content" in stops[0]["name"]
    fleet.locator(".wb-skip").focus()
    fleet.keyboard.press("Enter")
    assert fleet.evaluate("document.activeElement.tagName") == "MAIN"


def test_the_focus_goes_into_a_machine_and_returns_to_where_it_was_opened(fleet):
    open_first(fleet)
    assert fleet.evaluate("document.activeElement.tagName") == "MAIN"
    fleet.go_back()
    fleet.locator(".wb-machine:focus").wait_for()


def test_the_focus_stays_in_the_ticket_form_and_returns_to_its_button(fleet):
    open_first(fleet)
    button = fleet.get_by_role("button", name="Raise a ticket")
    button.focus()
    fleet.keyboard.press("Enter")
    fleet.locator(".mp-form input:focus").wait_for()
    inside = "Boolean(document.activeElement.closest('.mp-form'))"
    for key in ["Tab"] * 8 + ["Shift+Tab"] * 8:
        fleet.keyboard.press(key)
        assert fleet.evaluate(inside)
    fleet.keyboard.press("Escape")
    fleet.locator(".mp-form").wait_for(state="hidden")
    fleet.wait_for_function("document.activeElement.innerText.includes('Raise a ticket')")


def test_the_focus_returns_from_the_jobs_to_their_button(fleet):
    button = fleet.get_by_role("button", name="Jobs:")
    button.focus()
    fleet.keyboard.press("Enter")
    inside = "Boolean(document.activeElement.closest('.wb-popover'))"
    fleet.wait_for_function(inside)
    fleet.keyboard.press("Tab")
    assert fleet.evaluate(inside)
    fleet.keyboard.press("Escape")
    fleet.locator(".wb-popover").wait_for(state="hidden")
    fleet.wait_for_function("document.activeElement.getAttribute('aria-label').startsWith('Jobs:')")


def focused(page):
    return page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")


def test_the_focus_stays_on_a_button_that_has_nothing_more_to_do(fleet, dashboard):
    for name, numbers in (("Next page", (2, 3, 3)), ("Previous page", (2, 1, 1))):
        button = fleet.get_by_role("button", name=name)
        button.focus()
        for number in numbers:
            fleet.keyboard.press("Enter")
            fleet.get_by_text(f"Page {number} of 3").wait_for()
        assert (focused(fleet), button.is_disabled()) == (name, True)
    with Workspace.open(dashboard.path) as ws:
        first, second = ws.machines.ids()[:2]
    fleet.evaluate("id => { history.pushState(null, '', '?page=machine&machine=' + id); dispatchEvent(new PopStateEvent('popstate')); }", second)  # fmt: skip
    fleet.locator(".mp-title h1").wait_for()
    button = fleet.get_by_role("button", name="Previous machine")
    button.focus()
    fleet.keyboard.press("Enter")
    fleet.wait_for_url(f"**machine={first}")
    fleet.locator(".mp-title h1").wait_for()
    assert (focused(fleet), button.is_disabled()) == ("Previous machine", True)


def test_the_focus_goes_to_the_search_when_its_button_goes_with_the_filters(fleet):
    fleet.locator(".wb-card").first.click()
    clear = fleet.get_by_role("button", name="Clear")
    clear.focus()
    fleet.keyboard.press("Enter")
    fleet.get_by_text("26 machines shown").wait_for(state="attached")
    clear.wait_for(state="hidden")
    assert fleet.evaluate("document.activeElement.type") == "search"


def test_enter_searches_and_escape_clears_the_search(fleet):
    fleet.get_by_label("Search machines").fill("paint booth")
    fleet.keyboard.press("Enter")
    fleet.get_by_text("1 machines shown").wait_for(state="attached")
    fleet.keyboard.press("Escape")
    fleet.get_by_text("26 machines shown").wait_for(state="attached")
    assert fleet.get_by_label("Search machines").input_value() == ""


def accessibility(page):
    """Return role and name of all that a screen reader finds."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [
        (node["role"]["value"], node.get("name", {}).get("value", "").strip())
        for node in nodes
        if not node["ignored"] and "role" in node
    ]


def test_screen_readers_find_landmarks_headings_and_a_name_for_everything(fleet):
    for view in ("Fleet", "machine"):
        if view == "machine":
            open_first(fleet)
        found = accessibility(fleet)
        count = Counter(role for role, _ in found)
        assert (count["main"], count["banner"], count["navigation"] >= 1) == (1, 1, True)
        assert [role for role, name in found if role in NAMED and not name] == []
        assert fleet.locator("h1:visible").count() == 1
    assert fleet.locator("html").get_attribute("lang") == "en"
    assert fleet.title() == f"{fleet.locator('h1:visible').inner_text()} · Machine · Embedded fleet"
    charts = [name for role, name in found if role in ("image", "img") and "between" in name]
    assert len(charts) == fleet.locator(".sc-area").count() > 0
    # Every axis has its unit, every kind of event a shape of its own.
    assert fleet.locator(".sc-unit").count() == len(charts)
    shapes = fleet.locator(".mp-key-event path").evaluate_all("marks => marks.map((mark) => mark.getAttribute('d'))")
    assert len(set(shapes)) == len(shapes) > 2


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("?machine=pump_999", "There is no machine 'pump_999'."),
        (f"?machine={quote(NASTY)}", "There is no machine"),
        (f"?machine={'A' * 5000}", "There is no machine"),
        (f"?page={quote(NASTY)}", "There is no page"),
    ],
    ids=["unknown", "markup", "long", "page"],
)
def test_an_address_that_names_nothing_is_said_plainly_and_harms_nothing(fleet, place, shown):
    fleet.evaluate(
        "place => { history.pushState(null, '', place); dispatchEvent(new PopStateEvent('popstate')); }", place
    )
    notice = fleet.locator(".wb-notice", has_text=shown).filter(visible=True)
    notice.wait_for()
    fleet.wait_for_function("document.title.startsWith('Not found')")
    assert fleet.evaluate("window.harmed") is None
    assert len(notice.inner_text()) < 500
    notice.get_by_role("button", name="Open the fleet").click()
    fleet.locator(".wb-machine").first.wait_for()


def test_a_finger_finds_room_on_a_phone(fleet):
    fleet.set_viewport_size({"width": 375, "height": 812})
    settled(fleet)
    assert fleet.evaluate("probe.small(44)") == []
    open_first(fleet)
    assert fleet.evaluate("probe.small(44)") == []
    fleet.get_by_role("button", name="Navigation").click()
    settled(fleet)
    assert fleet.evaluate("probe.small(44)") == []


@pytest.mark.slow
def test_a_workspace_without_machines_or_records_says_what_to_do(serve, browser, tmp_path):
    with Workspace.init(tmp_path / "W") as ws:
        database = ws.path / "data" / "workbench.db"
    with serve(tmp_path / "W", "--max-kernels", "1") as empty:
        page = browser.open(empty.url)
        page.get_by_text("There is no machine yet.").first.wait_for()
        assert "machines add --from-csv" in page.locator(".wb-code:visible").first.inner_text()
        page.get_by_text("nothing to work on before the first machine").wait_for()
        page.evaluate(PROBE)
        assert page.evaluate("probe.faint()")["weak"] == []
        database.rename(database.with_suffix(".away"))
        page.get_by_title("Read again").click()
        page.get_by_role("alert").get_by_text("are missing").wait_for()
        # A page whose first read fails has its heading too; the focus goes to the content with the button.
        page.get_by_role("link", name="Machine", exact=True).click()
        page.get_by_role("heading", level=1, name="Machine", exact=True).wait_for()
        database.with_suffix(".away").rename(database)
        page.get_by_role("button", name="Try again").filter(visible=True).press("Enter")
        page.get_by_text("There is no machine yet.").filter(visible=True).wait_for()
        assert page.evaluate("document.activeElement.tagName") == "MAIN"
        assert page.locator("h1:visible").count() == 1
        page.get_by_role("link", name="Fleet", exact=True).click()
        page.get_by_role("button", name="Try again").filter(visible=True).click()
        page.get_by_role("alert").filter(visible=True).wait_for(state="hidden")
        # A page that outlives its server complains, and rightly.
        browser.close()
