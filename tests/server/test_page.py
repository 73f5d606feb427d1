"""The pages of a server in real Chromium: on churn, on an empty folder, with hostile names; light and dark, wide and narrow."""
import json
import urllib.request

import pytest

from browser import Browser
from millpond_project import Project
from millpond_server import Server

HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def churn(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("page") / "churn", "churn")
    project.arrive("*.txt")
    project.run()
    project.run("--retrain")  # a second version: there is something to draw
    server = Server(project)
    for customer in (9, 25, 23551):
        server.score("churn", customer_id=customer)
    yield server
    server.stop()


@pytest.fixture
def empty(tmp_path):
    project = Project.__new__(Project)
    project.folder, project.example = tmp_path / "empty", None
    project.folder.mkdir()
    server = Server(project)
    yield server
    server.stop()


# Of every canvas: how many of its points are painted.
PAINTED = """[...document.querySelectorAll('canvas')].map((c) => {
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
  for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; })"""
# The least contrast (WCAG 2) of any text with the paper it stands on.
CONTRAST = """(() => {
  const rgb = (s) => s.match(/[\\d.]+/g).map(Number);
  const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const paper = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c; }
    return [255, 255, 255]; };
  let least = 99;
  for (const e of document.querySelectorAll('h1,h2,h3,p,a,th,td,caption,summary')) {
    if (!e.textContent.trim() || !e.getClientRects().length) continue;
    const a = light(rgb(getComputedStyle(e).color).slice(0, 3)), b = light(paper(e).slice(0, 3));
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least; })()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", ["/", "/report", "/tables/main.churn.purchases"])
def test_pages_of_churn(browser, churn, path, width, dark, tmp_path):
    page = browser.open(churn.url + path, width=width, dark=dark)
    assert page.problems == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the body scrolls sideways"
    painted = page.evaluate(PAINTED)
    assert all(points > 500 for points in painted) and (painted or path.startswith("/tables"))
    assert page.evaluate(CONTRAST) >= 4.5
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (max(paper) < 60) if dark else (min(paper) > 200)
    assert page.evaluate("document.documentElement.lang") == "en" and page.evaluate("document.querySelectorAll('h1').length") == 1
    page.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000


def test_what_the_page_of_churn_says(browser, churn):
    page = browser.open(churn.url + "/")
    headings = page.evaluate("[...document.querySelectorAll('h2')].map((h) => h.textContent)")
    assert {"Now", "Endpoints", "Models", "Last runs", "Tables", "Flows and features"} <= set(headings)
    captions = page.evaluate("[...document.querySelectorAll('table')].filter((t) => !t.closest('.uplot')).map((t) => t.caption && t.caption.textContent)")
    assert len(captions) >= 6 and all(captions)
    text = page.evaluate("document.body.innerText")
    assert "champion" in text and "main.churn.purchases" in text and "No part reports a problem" in text
    requests = page.evaluate("document.querySelector('#endpoints + .scroll tbody tr').innerText").split()
    assert requests[0] == "churn" and requests[2] == "3" and float(requests[3]) > 0 and float(requests[4]) >= float(requests[3])
    links = page.evaluate("[...document.querySelectorAll('a')].map((a) => a.getAttribute('href')).filter((h) => h.startsWith('/'))")
    assert {"/report", "/metrics", "/openapi.json", "/tables/main.churn.purchases"} <= set(links)
    for link in set(links):  # none leads nowhere
        with urllib.request.urlopen(churn.url + link, timeout=60) as answer:
            assert answer.status == 200


def test_the_page_says_the_same_without_scripts(browser, churn):
    page = browser.open(churn.url + "/", scripts=False)
    document = page.call("DOM.getDocument", depth=0)["root"]["nodeId"]
    html = page.call("DOM.getOuterHTML", nodeId=document)["outerHTML"]
    assert "main.churn.purchases" in html and "champion" in html and "a picture that needs scripts" in html
    assert page.problems == []


def test_the_policy_of_the_page_lets_nothing_else_in(browser, churn):
    with urllib.request.urlopen(churn.url + "/", timeout=60) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    page = browser.open(churn.url + "/")
    page.evaluate("(() => { const s = document.createElement('script'); s.textContent = 'window.in = 1'; document.body.append(s); })()")
    assert page.evaluate("window.in === undefined")
    assert page.evaluate("document.title") == "churn"
    assert any("Content Security Policy" in problem or problem.startswith("policy") for problem in page.problems)


def test_an_empty_project(browser, empty):
    for width in (1280, 390):
        page = browser.open(empty.url + "/", width=width)
        assert page.problems == []
        text = page.evaluate("document.body.innerText")
        assert "None" in text and "millpond run" in text
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page = browser.open(empty.url + "/report")
    assert "No report yet" in page.evaluate("document.body.innerText")
    assert empty.ask("GET", "/tables/main.default.none", expect=None)[0] == 404
    assert empty.ask("GET", "/tables/a.b.c.d.e", expect=None)[0] in (400, 404)


def test_hostile_names_are_shown_as_they_are(browser, empty):
    made = empty.post("/api/2.0/mlflow/experiments/create", {"name": HOSTILE})["experiment_id"]
    empty.post("/api/2.0/mlflow/runs/create", {"experiment_id": made, "run_name": HOSTILE, "start_time": 1})
    empty.post("/api/2.0/mlflow/registered-models/create", {"name": "<b>bold</b>"}, expect=None)
    page = browser.open(empty.url + "/")
    assert page.problems == []
    assert page.evaluate("document.title") == "empty"
    cells = page.evaluate("[...document.querySelectorAll('td')].map((c) => c.textContent)")
    assert cells.count(HOSTILE) == 2
    assert page.evaluate("document.querySelectorAll('img, td script, td b').length") == 0


def test_a_hostile_table_name(browser, tmp_path):
    project = Project(tmp_path / "named", None)
    (project.folder / "millpond.yml").write_text("name: " + json.dumps("</title><script>alert(1)</script>") + "\n")
    done = project.call("sql", 'CREATE TABLE "<script>x" AS SELECT 1 AS "<i>n", \'it\' AS b', code=None)
    server = Server(project)
    try:
        page = browser.open(server.url + "/")
        assert page.problems == [] and page.evaluate("document.title") == "</title><script>alert(1)</script>"
        if done.returncode == 0:
            assert "main.default.<script>x" in page.evaluate("document.body.innerText")
            page = browser.open(server.url + page.evaluate("document.querySelector('#tables + .scroll a').getAttribute('href')"))
            assert page.problems == [] and "<i>n" in page.evaluate("document.body.innerText")
        else:
            assert "<script>x" in done.stderr  # refused by name
    finally:
        server.stop()
