"""Pages in a real browser, from file:// alone: quiet, whole, reachable by keyboard, readable by everybody.

Needs Chromium (Debian: apt-get install chromium); `.ci/run` installs it, and there the tests must run.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from made_up_report import report
from playwright.sync_api import Browser, Page, sync_playwright
from support import ROOT

from experiments import kmeans_limit
from experiments.engine.answering import answer
from experiments.registry import EXPERIMENTS, contents
from experiments.reporting.indexing import write_index
from experiments.reporting.rendering import write_report

pytestmark = pytest.mark.reports

PAGES = ("index.html", "glossary.html", "sample/report.html", "kmeans_limit/report.html")
COMMITTED = tuple(sorted(path.relative_to(ROOT / "reports").as_posix() for path in (ROOT / "reports").rglob("*.html")))
WIDTHS = (360, 1280)
SCHEMES = ("light", "dark")

FOCUSABLE = 'a[href], [tabindex="0"], button, input, summary'
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
FOCUSED = """() => {
    const here = document.activeElement, style = getComputedStyle(here), box = here.getBoundingClientRect();
    return [[...document.querySelectorAll(%r)].indexOf(here), style.outlineStyle !== 'none'
        && parseFloat(style.outlineWidth) >= 2 && box.width > 0 && box.height > 0, here.outerHTML.slice(0, 120)];
}"""
SILENT = """() => [...document.querySelectorAll('img, svg, [role=math], [role=img], [role=region]')].filter(part =>
    !(part.getAttribute('alt') || part.getAttribute('aria-label') ||
      document.getElementById(part.getAttribute('aria-labelledby'))?.textContent || '').trim()
).map(part => part.outerHTML.slice(0, 120))"""
SHOWN = "() => [...document.querySelectorAll('picture img')].map(image => [image.currentSrc.slice(0, 40), image.width])"
UNREACHED = """() => [...document.querySelectorAll('*')].filter(part => ['auto', 'scroll'].includes(
    getComputedStyle(part).overflowX) && part.scrollWidth > part.clientWidth && part.tabIndex < 0
).map(part => part.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of reports: one made up of hard text, one of a short run, and the pages above them."""
    folder = tmp_path_factory.mktemp("reports")
    for made in (report(), answer(kmeans_limit.EXPERIMENT, quick=True)):
        (folder / made.name).mkdir()
        write_report(made, folder / made.name)
    write_index(folder, [("Made up", ["sample"]), *contents()])
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        advice = "there is no Chromium on the PATH: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(advice)
        pytest.skip(advice)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


def opened(
    browser: Browser, path: Path, *, width: int = 1280, scheme: str = "light", motion: str = "no-preference"
) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion=motion, offline=True
    )
    page = context.new_page()
    page.goto(path.as_uri())
    return page


def faults(page: Page) -> list[str]:
    """What axe calls serious or critical, each with the first place."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] in ("serious", "critical")
    ]


def dead_links(page: Page) -> list[str]:
    """Links to files that are not there, and to anything on the network but DOIs."""
    links = page.evaluate("() => [...document.links].map(link => link.href)")
    return [
        link
        for link in links
        if not (
            Path(unquote(link.split("#")[0].removeprefix("file://"))).exists() or link.startswith("https://doi.org/")
        )
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_and_asks_for_nothing(browser: Browser, reports: Path, name: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((reports / name).as_uri())
    page.wait_for_load_state("networkidle")
    assert said == []
    assert [url for url in asked if not url.startswith("data:image/")] == [(reports / name).as_uri()]
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_wide_as_its_window(browser: Browser, reports: Path, name: str, width: int) -> None:
    page = opened(browser, reports / name, width=width)
    assert page.evaluate(TOO_WIDE) == 0
    assert page.evaluate(UNREACHED) == []
    page.context.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(browser: Browser, reports: Path, name: str, scheme: str) -> None:
    for width in WIDTHS:
        page = opened(browser, reports / name, width=width, scheme=scheme)
        assert faults(page) == []
        page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_and_formula_has_words(browser: Browser, reports: Path, name: str) -> None:
    page = opened(browser, reports / name)
    assert page.evaluate(SILENT) == []
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_tab_reaches_every_link_and_every_scroll_region_in_sight(browser: Browser, reports: Path, name: str) -> None:
    page = opened(browser, reports / name, width=360)
    wanted = page.locator(FOCUSABLE).count()
    reached: dict[int, str] = {}
    for _ in range(wanted):
        page.keyboard.press("Tab")
        place, visible, html = page.evaluate(FOCUSED % FOCUSABLE)
        assert visible, html
        reached[place] = html
    assert sorted(reached) == list(range(wanted))
    page.context.close()


@pytest.mark.parametrize(("motion", "kind"), [("reduce", "svg+xml"), ("no-preference", "gif")])
def test_who_wants_no_motion_sees_none(browser: Browser, reports: Path, motion: str, kind: str) -> None:
    page = opened(browser, reports / "sample" / "report.html", motion=motion)
    shown = page.evaluate(
        "() => [...document.querySelectorAll('picture img')].map(i => [i.currentSrc.slice(0, 40), i.width])"
    )
    assert [source.split(";")[0] for source, _ in shown] == [f"data:image/{kind}"]
    assert all(width > 200 for _, width in shown)
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_printed(browser: Browser, reports: Path, name: str) -> None:
    page = opened(browser, reports / name, scheme="dark")
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 900})
    assert page.locator("nav:visible").count() == 0
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_lead_somewhere(browser: Browser, reports: Path, name: str) -> None:
    page = opened(browser, reports / name)
    assert page.locator("a[href]").count() > 0
    assert dead_links(page) == []
    page.context.close()


@pytest.mark.parametrize("name", COMMITTED)
def test_a_committed_page_is_fit_to_be_read(browser: Browser, name: str) -> None:
    path = ROOT / "reports" / name
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    assert said == []
    assert [url for url in asked if not url.startswith("data:image/")] == [path.as_uri()]
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(TOO_WIDE) == 0
        assert page.evaluate(UNREACHED) == []
    assert page.evaluate(SILENT) == []
    assert dead_links(page) == []
    assert faults(page) == []
    context.close()


def test_every_experiment_has_a_committed_page() -> None:
    assert {name.partition("/")[0] for name in COMMITTED} >= {experiment.name for experiment in EXPERIMENTS}


def test_these_checks_can_fail(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    path.write_text(
        '<!doctype html><html><body><p style="color:#ccc">pale</p><div style="width:3000px">wide</div>'
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
        '<div style="overflow:auto;width:9px"><p style="width:99px">x</p></div></body></html>'
    )
    page = opened(browser, path, width=360)
    assert {fault.split(":")[0] for fault in faults(page)} >= {"image-alt", "color-contrast", "html-has-lang"}
    assert page.evaluate(TOO_WIDE) > 2000
    assert len(page.evaluate(SILENT)) == 1
    assert len(page.evaluate(UNREACHED)) == 1
    page.context.close()
