"""The page in a real browser: Debian's Chromium, without its network, driven by Playwright."""

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.analysis.what_if import predict
from runner.facts import StudyAnalysis
from runner.report.page import render_page
from runner.units import seconds, three_digits
from tests.analysis.test_what_if import model, point
from tests.analysis_factories import analysed_cell, analysed_study
from tests.factories import cell
from tests.report.golden_studies import STUDIES
from tests.report.test_page import EVIL, timeline, two_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (1280, 800, 390)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - skipped without a browser

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


class Opened:
    """A page that was opened from a file: what it requested and complained about."""

    def __init__(self, browser: "Browser", file: Path, **options: Any) -> None:
        self.context = browser.new_context(accept_downloads=True, **options)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())

    def saved(self, button: str) -> str:
        """Press a button that saves a file; return its content."""
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=button).first.click()
        return Path(download.value.path()).read_text(encoding="utf-8")


@pytest.fixture
def open_page(browser: "Browser", tmp_path: Path) -> "Iterator[Any]":
    opened: list[Opened] = []

    def open_(study: StudyAnalysis, **options: Any) -> Opened:
        file = tmp_path / f"page{len(opened)}.html"
        file.write_text(render_page(study), encoding="utf-8")
        opened.append(Opened(browser, file, **options))
        return opened[-1]

    yield open_
    for each in opened:
        each.context.close()


def evil() -> StudyAnalysis:
    """Every text that a user may write is hostile."""
    base = replace(cell("serial"), workload=EVIL)
    pool = replace(cell("process", 2), workload=EVIL, executor=f"{EVIL}\"'&")
    cells = [analysed_cell(cell=base, wall_s=2.0), analysed_cell(cell=pool, wall_s=1.0, speedup=2.0)]
    return analysed_study(cells, timelines={pool.id: timeline(f"{EVIL}\n\"'🙂")})


@pytest.mark.parametrize("name", [*STUDIES, "evil"])
def test_a_page_opens_without_a_request_or_a_complaint(open_page: Any, name: str) -> None:
    opened = open_page(evil() if name == "evil" else STUDIES[name]())
    assert opened.complaints == []
    assert len(opened.requests) == 1
    assert opened.page.locator("h1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["pools", "known_answers", "failures", "evil", "sliders"])
def test_axe_finds_nothing(open_page: Any, name: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - skipped without a browser

    sliders = two_cells(what_ifs=(model(),), timelines={"process2": timeline("a", "b")})
    made = {"evil": evil(), "sliders": sliders}
    opened = open_page(made.get(name) or STUDIES[name](), color_scheme=scheme)
    found = Axe().run(opened.page).response
    assert len(found["passes"]) > 10
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_is_as_wide_as_its_window(open_page: Any, width: int) -> None:
    opened = open_page(STUDIES["pools"](), viewport={"width": width, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_tables_are_sorted_by_number_and_back(open_page: Any) -> None:
    page = open_page(STUDIES["pools"]()).page
    heading = page.get_by_role("button", name="time", exact=True)
    times = "[...document.querySelectorAll('tbody tr')].map(row => row.cells[2].textContent)"
    heading.click()
    assert page.evaluate(times) == ["1.00 s", "1.05 s", "1.10 s", "2.00 s", "2.10 s"]
    heading.click()
    assert page.evaluate(times) == ["2.10 s", "2.00 s", "1.10 s", "1.05 s", "1.00 s"]
    assert page.locator("th[aria-sort=descending]").text_content() == "time"


def test_what_is_unknown_sorts_last_both_ways(open_page: Any) -> None:
    page = open_page(STUDIES["pools"]()).page
    losses = "[...document.querySelectorAll('tbody tr')].map(row => row.cells[1].textContent)"
    for _ in range(2):
        page.get_by_role("button", name="workers", exact=True).click()
        assert page.evaluate(losses)[-1] == ""


def test_dark_and_light_can_be_chosen(open_page: Any) -> None:
    page = open_page(two_cells(), color_scheme="light").page
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(background) != light
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(background) == light


def test_the_data_of_a_figure_is_saved_as_csv_with_its_cells(open_page: Any) -> None:
    text = open_page(two_cells()).saved("Save data as CSV")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 14
    assert {row["executor"] for row in rows} == {"serial", "process"}
    assert {row["wall_s"] for row in rows} == {"1", "2"}


def test_a_figure_is_saved_as_svg_that_needs_no_style_sheet(open_page: Any) -> None:
    opened = open_page(two_cells(), color_scheme="dark")
    text = opened.saved("Save as SVG")
    assert text.startswith("<svg")
    assert 'xmlns="http://www.w3.org/2000/svg"' in text
    assert "var(" not in text
    assert 'fill="rgb(29, 31, 35)"' in text  # ink on paper, although the page is dark
    assert ">process</text>" in text  # the legend
    assert opened.page.evaluate("document.documentElement.style.colorScheme") == ""


def test_a_link_unfolds_the_timeline_of_its_cell(open_page: Any) -> None:
    study = two_cells(timelines={"serial": timeline("a"), "process2": timeline("b")})
    page = open_page(study).page
    assert not page.locator("#cell-serial").evaluate("fold => fold.open")
    page.get_by_role("link", name="serial").click()
    page.wait_for_function("document.getElementById('cell-serial').open")
    assert page.locator("#cell-serial button").count() == 2


def test_the_timelines_of_a_large_study_are_made_when_they_are_unfolded(open_page: Any) -> None:
    pools = [analysed_cell("process", workers, speedup=2.0) for workers in range(1, 121)]
    timelines = {cell.cell.id: timeline(f'{EVIL} "&lt;') for cell in pools}
    page = open_page(analysed_study([analysed_cell(), *pools], timelines=timelines)).page
    assert page.locator("#timelines figure").count() == 0
    page.locator("#cell-process90 > summary").click()
    page.wait_for_selector("#figure-timeline-process90 .tools")
    title = page.locator("#figure-timeline-process90 .task0 title").text_content()
    assert title.startswith(f'{EVIL} "&lt;'[:16])
    assert page.locator("#cell-process90 script").count() == 0


def test_a_page_can_be_used_with_the_keyboard(open_page: Any) -> None:
    page = open_page(two_cells()).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the answer"
    page.locator("#results summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#results details").evaluate("fold => fold.open")


def test_hovering_tells_the_figures_of_a_marker(open_page: Any) -> None:
    page = open_page(two_cells()).page
    titles = page.locator("#figure-speedup .mark title").all_text_contents()
    assert titles == ["process × 2: 2.00 (1.90–2.10)"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"usable_cpus": None, "tasks_per_chunk": None},
        {"points": (point(2, 0.0, 0.0, 1.5), point(4, 0.0, 0.0, 1.2)), "cpu_share": 0.0},
        {"points": (point(2, 0.0, 0.0, 0.8),)},
    ],
)
@pytest.mark.parametrize(("items", "length", "workers"), [(0, 0, 2), (25, 0, 8), (-10, 50, 3), (50, -75, 1)])
def test_the_sliders_answer_as_the_analysis_does(
    open_page: Any, items: int, length: int, workers: int, changes: dict[str, Any]
) -> None:
    pool = model(point(2, 0.1, 0.002, 1.2, uneven=2.0), point(4, 0.15, 0.003, 1.5), tasks_per_chunk=3)
    pool = replace(pool, **changes)
    page = open_page(two_cells(what_ifs=(pool,))).page
    for name, value in (("items", items), ("duration", length), ("workers", workers)):
        page.locator(f"#what-if input[name={name}]").fill(str(value))
    count = max(1, round(pool.items * 10 ** (items / 25)))
    told = predict(pool, count, pool.task_s * 10 ** (length / 25), workers)
    shown = page.locator("#what-if").inner_text()
    assert f"{seconds(told.time_s)}: " in shown
    assert f"{three_digits(told.speedup.low)} to {three_digits(told.speedup.high)} (" in shown
    assert f"at most {three_digits(told.most)}" in shown
    assert ("extrapolated" in shown) is told.is_extrapolated
