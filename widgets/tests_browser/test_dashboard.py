"""The dashboard as people see it, in a real browser: what it shows, how it is used, and what it says when it cannot go on."""

from __future__ import annotations

import os
import re
import shutil
import signal

import pytest
from widgets.conftest import Visits

import workbench
from workbench.domain.work import Priority
from workbench.workspace import Workspace

pytest.importorskip("voila")

HOSTILE = '<script>window.harmed=1</script><img src=x onerror="window.harmed=2">"\'`${1}{{ harmed }}&amp;<b>\u202eשלום'
LONG = "Long" * 2500
HOSTILE_ID, LONG_ID = "pump_grundfos_cr3_004", "robot_kuka_kr210_022"
URGENT = "fan_nicotra_gebhardt_rdh_014"


@pytest.fixture(scope="module")
def dashboard_workspace(demo_path, tmp_path_factory):
    path = tmp_path_factory.mktemp("dashboard") / "W"
    shutil.copytree(demo_path, path)
    with Workspace.open(path) as ws:
        change = ws.change("hostile text")
        hostile = ws.machines.get(HOSTILE_ID)
        ws.machines.update(
            hostile.model_copy(update={"title": HOSTILE, "location": HOSTILE, "manufacturer": HOSTILE}), change
        )
        ws.machines.update(ws.machines.get(LONG_ID).model_copy(update={"title": LONG, "location": LONG[:500]}), change)
        workbench.raise_ticket(ws, HOSTILE_ID, HOSTILE, steps=(HOSTILE,))
        workbench.raise_ticket(ws, LONG_ID, LONG)
    return path


@pytest.fixture(scope="module")
def window(dashboard, chromium):
    """One window for this module's tests; none of them may leave a console error or a failed or remote request."""
    visits = Visits(chromium)
    page = visits.open(dashboard.url)
    yield page
    visits.close()
    visits.check()


@pytest.fixture
def fleet(window):
    """The fleet page, with no filter."""
    window.set_viewport_size({"width": 1280, "height": 800})
    window.get_by_role("link", name="Fleet", exact=True).click()
    window.locator(".wb-machine").first.wait_for()
    clear = window.get_by_role("button", name="Clear")
    if clear.count():
        clear.click()
    window.get_by_text("26 machines shown").wait_for(state="attached")
    return window


def cards(page):
    return page.locator(".wb-machine:visible")


def open_first(page):
    """Open the first machine and wait until its page is there."""
    cards(page).first.click()
    page.wait_for_url(re.compile(r"machine="))
    heading = page.locator(".mp-title h1:visible")
    heading.wait_for()
    return heading


def back_to_fleet(page):
    page.go_back()
    cards(page).first.wait_for()


def test_fleet_page_shows_26_machines_in_pages_of_12(fleet):
    from playwright.sync_api import expect

    assert fleet.title().startswith("Fleet")
    assert cards(fleet).count() == 12
    seen = set(cards(fleet).evaluate_all("links => links.map(link => link.href)"))
    for number, count in ((2, 12), (3, 2)):
        before = cards(fleet).first.get_attribute("href")
        fleet.get_by_role("button", name="Next page").click()
        fleet.get_by_text(f"Page {number} of 3").wait_for()
        # The page's number and its machines come in messages of their own.
        expect(cards(fleet).first).not_to_have_attribute("href", before)
        expect(cards(fleet)).to_have_count(count)
        seen |= set(cards(fleet).evaluate_all("links => links.map(link => link.href)"))
    assert len(seen) == 26
    assert fleet.get_by_role("button", name="Next page").is_disabled()


def test_search_and_state_cards_filter(fleet):
    fleet.get_by_placeholder("Name, type, site, maker").fill("paint booth")
    fleet.get_by_text("1 machines shown").wait_for(state="attached")
    assert cards(fleet).count() == 1
    fleet.get_by_role("button", name="Clear").click()
    card = fleet.locator(".wb-card").first
    count = int(card.locator(".wb-card-count").inner_text())
    card.click()
    fleet.get_by_text(f"{count} machines shown").wait_for(state="attached")
    assert card.get_attribute("aria-pressed") == "true"


def test_a_machine_opens_has_an_address_and_back_returns(fleet, dashboard, browser):
    words = open_first(fleet).inner_text()
    address = fleet.url
    back_to_fleet(fleet)
    assert "machine=" not in fleet.url
    # The same address in another window.
    other = browser.open(address)
    other.get_by_role("heading", level=1, name=words).wait_for()


def test_theme_is_switched_and_kept(fleet, dashboard, browser):
    background = "getComputedStyle(document.querySelector('.wb-shell')).backgroundColor"
    dark = fleet.evaluate(background)
    assert dark == "rgb(15, 23, 42)"
    fleet.get_by_role("button", name="Light theme").click()
    fleet.get_by_role("button", name="Dark theme").wait_for()
    fleet.wait_for_function(f"{background} !== '{dark}'")
    assert fleet.evaluate("localStorage.getItem('workbench.theme')") == "light"
    fleet.get_by_role("button", name="Dark theme").click()
    fleet.wait_for_function(f"{background} === '{dark}'")


def test_hostile_text_is_shown_as_text_and_nothing_of_it_runs(fleet, dashboard):
    for typed, shown in (("<script>", HOSTILE), ("LongLong", LONG)):
        fleet.get_by_placeholder("Name, type, site, maker").fill(typed)
        cards(fleet).filter(has_text=typed).wait_for()
        fleet.get_by_text("1 machines shown").wait_for(state="attached")
        assert cards(fleet).locator(".wb-machine-title").text_content().strip() == shown
        heading = open_first(fleet)
        heading.filter(has_text=shown[:20]).wait_for()
        assert heading.text_content().strip() == shown
        assert_fits(fleet)
        back_to_fleet(fleet)
    assert fleet.evaluate("window.harmed") is None
    assert fleet.locator("main img[src='x']").count() == 0


def assert_fits(page):
    wide = page.evaluate("""() => {
        const room = document.documentElement.clientWidth;
        return document.documentElement.scrollWidth <= room && document.body.scrollWidth <= room ? []
            : [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > room + 1)
                .slice(0, 5).map((e) => `${e.tagName}.${e.className}`);
    }""")
    assert wide == []


@pytest.mark.parametrize("width", [1280, 768, 375])
def test_nothing_is_scrolled_sideways(fleet, width):
    fleet.set_viewport_size({"width": width, "height": 800})
    assert_fits(fleet)
    open_first(fleet)
    assert_fits(fleet)
    back_to_fleet(fleet)


def test_a_machine_is_opened_by_keyboard_alone(fleet):
    fleet.get_by_placeholder("Name, type, site, maker").focus()
    for _ in range(12):
        fleet.keyboard.press("Tab")
        if fleet.evaluate("document.activeElement.classList.contains('wb-machine')"):
            break
    else:
        pytest.fail("Tab does not reach a machine")
    outline = fleet.evaluate(
        "(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow; })()"
    )
    assert outline != "nonenone"
    fleet.keyboard.press("Enter")
    fleet.wait_for_url(re.compile(r"machine="))
    back_to_fleet(fleet)


def test_escape_closes_the_ticket_form(fleet):
    open_first(fleet)
    fleet.get_by_role("button", name="Raise a ticket").click()
    form = fleet.locator(".mp-form")
    fleet.locator(".mp-form input:focus").wait_for()
    fleet.keyboard.press("Escape")
    form.wait_for(state="hidden")


def test_paper_holds_the_page_without_bar_and_drawer(fleet):
    open_first(fleet)
    fleet.emulate_media(media="print")
    try:
        assert fleet.locator(".mp-title h1:visible").count() == 1
        assert not any(fleet.locator(part).is_visible() for part in (".wb-bar", ".wb-drawer", ".mp-actions"))
    finally:
        fleet.emulate_media(media="screen")


def test_a_new_order_appears_without_anything_being_drawn_anew(fleet, dashboard_workspace):
    marked = fleet.evaluate("""() => {
        const nodes = document.querySelectorAll('.wb-machine, .wb-card, .wb-panel');
        nodes.forEach((node) => { node.sameNode = true; });
        return nodes.length;
    }""")
    with Workspace.open(dashboard_workspace) as ws:
        order = workbench.raise_ticket(ws, URGENT, "Bearing is loud", priority=Priority.EMERGENCY)
    fleet.get_by_title("Read again").filter(visible=True).click()
    more = fleet.locator(".wb-panel", has_text="Work orders due").get_by_role("button", name=re.compile("Show all"))
    if more.count():
        more.click()
    fleet.get_by_text(order.number).first.wait_for()
    kept = fleet.evaluate(
        "[...document.querySelectorAll('.wb-machine, .wb-card, .wb-panel')].filter((n) => n.sameNode).length"
    )
    assert kept == marked


def test_a_page_says_when_places_session_or_server_are_gone(demo_path, serve, browser):
    browser.forgive("503", "ERR_CONNECTION", "404", "WebSocket", "ended", "Failed to fetch")
    with serve(demo_path, "--max-kernels", "1") as small:
        page = browser.open(small.url)
        page.locator(".wb-machine").first.wait_for()
        late = browser.open(small.url)
        late.get_by_role("heading", name="All places are taken").wait_for()
        assert late.get_by_role("link", name="Try again now").is_visible()
        (kernel,) = small.kernels()
        os.kill(kernel, signal.SIGKILL)
        notice = page.locator("#connection")
        notice.get_by_text("This session has ended").wait_for()
        # Longer than its heart beats: nothing is sent to a session that has ended.
        page.wait_for_timeout(6000)
        page.get_by_role("button", name="Reload").click()
        page.locator(".wb-machine").first.wait_for()
        assert notice.is_hidden()
        small.process.kill()
        notice.get_by_text("server does not answer").wait_for()
        assert notice.get_by_role("button", name="Reload").is_visible()
