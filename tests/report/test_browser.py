"""The page in a real browser, on a desk and on a telephone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from layerscope import analyze_run
from layerscope.demo_data import load_demo
from tests.report import _chains as chains
from tests.report import _fakes as fakes

pytestmark = pytest.mark.browser

SIZES = {"desktop": (1280, 900, False), "telephone": (390, 844, True)}
#: A blank page of either size is below 8 kB.
SMALLEST_PICTURE = 20_000
REPORTS: dict[str, Any] = {
    "demo": cache(lambda: analyze_run(load_demo())),
    "stack": lambda: fakes.report(fakes.names(8), warnings=("layer conv3: <b>odd</b>",)),
    "long names": lambda: fakes.report(
        fakes.long_names(20), ["aeroplane", "x" * 200], warnings=("w" * 400,), advice=("a" * 400,)
    ),
    "sixty layers": lambda: fakes.report(fakes.names(60), range(100)),
    "run": lambda: fakes.report(fakes.names(7), steps=[0, 10, 100, 1000]),
    "chain of six": lambda: chains.report(6),
    "chain of sixty": lambda: chains.report(60),
    "nothing defined": lambda: fakes.report(fakes.names(3), undefined=True),
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("needs chromium and chromedriver on the PATH")
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    service = pytest.importorskip("selenium.webdriver.chrome.service")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("profile")
    for argument in ("--headless=new", "--disable-gpu", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    if os.geteuid() == 0:  # chromium's sandbox refuses root, as in most containers
        options.add_argument("--no-sandbox")
        options.add_argument("--disable-dev-shm-usage")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    session = webdriver.Chrome(options=options, service=service.Service(driver))
    yield session
    session.quit()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", REPORTS)
def test_page_in_a_browser(browser: Any, tmp_path: Path, kind: str, size: str) -> None:
    width, height, mobile = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    for log in ("browser", "performance"):
        browser.get_log(log)
    path = REPORTS[kind]().to_html(tmp_path / "report.html")
    browser.get(path.as_uri())

    assert browser.get_log("browser") == []
    requests = [
        entry["message"]
        for entry in browser.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    assert requests  # the page itself, so that the log is known to work
    assert all(path.as_uri() in message or '"url":"data:' in message for message in requests)

    script = "return document.documentElement.scrollWidth"
    assert browser.execute_script(script) <= width
    title = browser.execute_script(
        "const box = document.querySelector('h1').getBoundingClientRect();"
        "return [box.top, box.left, box.right, box.height]"
    )
    assert 0 <= title[0] < height
    assert 0 <= title[1] < title[2] <= width
    assert title[3] > 20
    charts = browser.execute_script(
        "return [...document.querySelectorAll('.chart')].filter(chart => chart.offsetParent)"
        ".map(chart => { const box = chart.getBoundingClientRect();"
        " const svg = chart.querySelector('svg').getBoundingClientRect();"
        " return [box.left, box.right, box.height, svg.left, svg.right] })"
    )
    assert len(charts) >= (1 if kind == "nothing defined" else 4)
    for left, right, tall, start, end in charts:
        assert 0 <= left < right <= width
        assert left - 1 <= start
        # On a telephone a chart is wider than its card and slides inside it.
        assert end <= right + 1 or mobile
        assert right - left > 250
        assert tall > 100
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('.chart text')].filter(text => "
        "text.closest('.chart').offsetParent).map(text => { const matrix = text.getScreenCTM();"
        "return [/[a-z]/i.test(text.textContent),"
        " parseFloat(getComputedStyle(text).fontSize) * Math.hypot(matrix.a, matrix.b)] })"
    )
    assert sizes or kind == "nothing defined"
    least = 11 if mobile else 8  # of names; numbers in maps may be smaller
    assert all(size >= 0.8 * least for _, size in sizes)
    named = sorted(size for is_name, size in sizes if is_name)
    assert named[len(named) // 2 :][:1] > [least] or not sizes

    picture = tmp_path / "page.png"
    assert browser.save_screenshot(str(picture))
    assert picture.stat().st_size > SMALLEST_PICTURE
    browser.get("about:blank")
    assert browser.save_screenshot(str(picture))
    assert picture.stat().st_size < SMALLEST_PICTURE  # so that the bound tells the two apart


SHOWN = """
const card = [...document.querySelectorAll('figure.pick')].find(one => one.querySelector('.ck1'));
return [...card.querySelectorAll('.of')].filter(one => getComputedStyle(one).display != 'none')
  .map(one => one.getAttribute('class').split(' ')[1]).sort()
"""


@pytest.mark.parametrize("count", [6, 60])
def test_the_slider_moves_by_keys_and_shows_one_layer(
    browser: Any, tmp_path: Path, count: int
) -> None:
    keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(chains.report(count).to_html(tmp_path / "report.html").as_uri())
    # The sentences on the form and on the k; the map itself needs no layer.
    assert browser.execute_script(SHOWN) == ["f0", "f0k14"]
    last = browser.find_element("css selector", "input[name=nnts-k]:checked")
    last.send_keys(keys.ARROW_LEFT)
    assert browser.execute_script(SHOWN) == ["f0", "f0k13", "f0k13"]
    browser.find_element("css selector", "input[name=nnts-f]:checked").send_keys(keys.ARROW_RIGHT)
    assert browser.execute_script(SHOWN) == ["f1", "f1k13", "f1k13"]
    moved = browser.find_element("css selector", "input[name=nnts-k]:checked")
    for _ in range(14):
        moved.send_keys(keys.ARROW_LEFT)
        moved = browser.find_element("css selector", "input[name=nnts-k]:checked")
    assert browser.execute_script(SHOWN) == ["f1", "f1k14", "f1k14"]  # round the end
    # Layer and map lie on one another.
    boxes = browser.execute_script(
        "const card = document.querySelector('.pick.broad');"
        "return [...card.querySelectorAll('image')].filter(one => one.getClientRects().length)"
        ".map(one => { const box = one.getBoundingClientRect();"
        " return [box.left, box.top, box.right, box.bottom] })"
    )
    tall = [box for box in boxes if box[2] - box[0] > 50]
    assert len(tall) == 2
    assert all(abs(one - other) < 2 for one, other in zip(*tall, strict=True))
    # A target for a finger, side by side without overlap.
    stops = browser.execute_script(
        "return [...document.querySelectorAll('.broad .stops label')].map(one => "
        "{ const box = one.getBoundingClientRect(); return [box.left, box.right, box.height] })"
    )
    assert all(right - left >= 20 and height >= 24 for left, right, height in stops)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert browser.execute_script(SHOWN) == ["f0", "f0k14"]
        buttons = "return getComputedStyle(document.querySelector('.pick fieldset')).display"
        assert browser.execute_script(buttons) == "none"
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


SLIDING = """
return [...document.querySelectorAll('.chart')].filter(chart => chart.offsetParent).map(chart => [
  chart.closest('figure').querySelector('h3').textContent,
  chart.querySelector('svg').getBoundingClientRect().width > chart.clientWidth + 1,
  getComputedStyle(chart, '::before').content])
"""


@pytest.mark.parametrize("count", [6, 60])
def test_a_telephone_says_which_charts_slide(browser: Any, tmp_path: Path, count: int) -> None:
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(chains.report(count).to_html(tmp_path / "report.html").as_uri())
    charts = browser.execute_script(SLIDING)
    assert len(charts) == 6
    assert all(("slide" in said) == slides for _, slides, said in charts)
    maps = {heading: slides for heading, slides, _ in charts if "imilarity of" in heading}
    assert maps == {"Similarity of neighbourhoods": count > 6}
    metrics |= {"width": 1280, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert {(slides, said) for _, slides, said in browser.execute_script(SLIDING)} == {
        (False, "none")
    }
