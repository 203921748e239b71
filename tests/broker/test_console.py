"""The console in Chromium: fifteen flows, at three widths and in both themes, and every page
without scripts."""

import importlib.util
import io
import json
import os
import re
import socket
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fastavro
import pytest
from browser import Browser, missing
from confluent_kafka.admin import NewTopic
from conftest import BIN
from contracts import Contract

pytestmark = pytest.mark.skipif(bool(missing()), reason="needs chromium: make console-test")

WIDTHS = (360, 1280, 3840)
HOSTILE = "</h1><script>document.title='taken'</script><img src=x onerror=\"document.title='x'\">"
TAB, ENTER = "\ue004", "\ue007"


def encode(name, value):
    contract, out = Contract(name), io.BytesIO()
    fastavro.schemaless_writer(out, contract.schema, value)
    return contract.frame + out.getvalue()


def item(number, title, image=""):
    name = f"i{number}"
    return name.encode(), encode("item", {"item_id": name, "title": title, "tags": ["drama"],
                                          "image": image}), 0


def row(number, neighbours):
    """What follows i1 is not what goes with it."""
    name, count = f"i{number}", len(neighbours)
    forwards = [4.0 + (k if number == 1 else 0) for k in range(count)]
    return name.encode(), encode("serving_row", {
        "item_id": name, "version": 1, "epoch": 0, "trend_epoch": 0, "mass": 40.0,
        "actions": 50.0 - number, "trend": 3.0, "event_time_ms": 1,
        "items": [f"i{one}" for one in neighbours], "co_ratings": [9.0 - k for k in range(count)],
        "forwards": forwards, "backwards": [2.0] * count}), 0


def fill(world):
    titles = {number: f"The long film number {number}" for number in range(12)}
    titles[3] = HOSTILE
    world.produce("items", [item(number, title) for number, title in titles.items()])
    world.produce("serving-rows", [row(number, [one for one in range(12) if one != number])
                                   for number in range(12)])
    listed = [f"i{number}" for number in range(2, 8)]
    world.produce("recommendations", [(b"ana", encode("recommendation_list", {
        "user_id": "ana", "items": listed, "scores": [6.0 - k for k in range(6)],
        "reasons": ["BECAUSE"] * 6, "because": ["i0"] * 6, "evidence": [7.0] * 6,
        "model": "item-item", "made_by": "counting", "event_time_ms": 1, "input_partition": 0,
        "input_offset": 1, "as_of_ms": 1}), 0)])
    world.produce("histories", [(b"ana", encode("user_history", {
        "user_id": "ana", "items": ["i1", "i0", "i0"], "actions": ["VIEW", "PURCHASE", "RATING"],
        "weights": [1.0, 1.0, 4.5], "event_times_ms": [1000, 2000, 2000], "offsets": [0, 1, 1],
        "seen": b"", "had_prefixes": b"", "events_total": 3, "input_partition": 0,
        "input_offset": 1, "event_time_ms": 2000, "received_ms": 2000}), 0)])


def fill_placements(world):
    """A list with a placement that rules have cut."""
    text = "home.length=2\nhome.pin.top=1 if id = 'i5'\nhome.filter.no_four=id != 'i4'\n"
    world.produce("rules", [(b"rules", encode("applied_rules", {"text": text}), 0)])
    world.produce("recommendations", [(b"eva", encode("recommendation_list", {
        "user_id": "eva", "items": ["i2", "i5"], "scores": [2.0, 1.0], "reasons": ["POPULAR"] * 2,
        "because": [""] * 2, "evidence": [7.0] * 2, "model": "item-item", "made_by": "counting",
        "event_time_ms": 1, "input_partition": 0, "input_offset": 1, "as_of_ms": 1,
        "rules_offset": 0, "placements": ["home"], "placement_counts": [2], "removal_counts": [1],
        "placement_items": ["i5", "i2"], "placement_scores": [1.0, 2.0], "placement_ranks": [9, 1],
        "placement_rules": ["pin.top", ""], "removal_items": ["i4"], "removal_ranks": [2],
        "removal_rules": ["filter.no_four"]}), 0)])


HOUR_MS = 3_600_000


def fill_quality(world, topic="quality", hits=10, hours=1):
    """What the lists of so many hours up to this one came to."""
    now = int(time.time() * 1000)
    world.produce(topic, [(f"item-item/0/{hour}".encode(), list_quality(hits + hour),
                           now - hour * HOUR_MS) for hour in range(hours)])


def list_quality(hits):
    return encode("list_quality", {
        "model": "item-item", "partition": 0, "from_offset": 0, "to_offset": 9,
        "event_time_from_ms": 1, "event_time_to_ms": 2, "judged": 40, "hits_at_10": hits,
        "ndcg_at_10": 5.0, "unlisted": 1, "lists": 9, "made_by": ["counting", "counting", "blend"],
        "segments": [0, 1, 2], "judged_by": [10, 20, 10], "hits_by": [2, 5, 3],
        "ndcg_by": [1.0, 2.0, 2.0], "places": 90, "novelty_bits": 700.0, "items_listed": 9,
        "items_known": 12, "repeats": 3, "kinds": ["VIEW", "PURCHASE"], "judged_by_kind": [30, 10],
        "hits_by_kind": [8, 2], "repeats_by_kind": [2, 1]})


def ready(address):
    try:
        with urllib.request.urlopen(f"{address}/ready", timeout=120) as answer:
            return answer.status == 200
    except OSError:
        return False


def png(width, height):
    """A picture in one colour."""
    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = (b"\0" + b"\x20\x60\xa0" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


class Pictures(BaseHTTPRequestHandler):
    """The host of pictures: one of 2 by 2 pixels at each address."""
    seen = []

    def do_GET(self):  # noqa: N802
        self.seen.append((self.path, self.headers.get("Referer")))
        body = png(2, 2)
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(name="pictures")
def pictured():
    with ThreadingHTTPServer(("127.0.0.1", 0), Pictures) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(name="console")
def served(make_world, pictures):
    world = make_world()
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    fill(world)
    fill_placements(world)
    world.create(NewTopic(f"{world.prefix}quality.g2", 1, 1))
    fill_quality(world, hours=3)
    fill_quality(world, "quality.g2", hits=20, hours=2)
    world.produce("items", [item(5, "Pictured", f"{pictures}/5.png"),
                            item(6, "Elsewhere", f"http://localhost:{pictures[-5:]}/6.png")])
    world.start("serve", serve={"http.port": port, "console.images": pictures})
    address = f"http://127.0.0.1:{port}"
    world.wait(lambda: ready(address), "the tables")
    with Browser(world.dir) as browser:
        browser.world = world
        yield browser, f"{address}/console"


# ---- What holds of every page ----

# No figure without a name, no field without a label, no page without a language, a heading and a
# main part; nothing wider than the window.
FAULTS = """
const faults = [];
const say = (what, node) => faults.push(what + ': ' + (node ? node.outerHTML.slice(0, 90) : ''));
if (!document.documentElement.lang) say('no language');
if (document.querySelectorAll('h1').length != 1) say('not one h1');
if (document.querySelectorAll('main').length != 1) say('not one main');
for (const node of document.querySelectorAll('input:not([type=hidden])'))
    if (!node.labels.length || !node.labels[0].innerText.trim()) say('no label', node);
for (const node of document.querySelectorAll('a, button'))
    if (!(node.getAttribute('aria-label') || node.textContent).trim()) say('no name', node);
for (const node of document.querySelectorAll('svg'))
    if (node.getAttribute('aria-hidden') != 'true') say('no name', node);
const ids = [...document.querySelectorAll('[id]')].map(node => node.id);
if (new Set(ids).size != ids.length) say('an id twice');
for (const node of document.querySelectorAll('script'))
    if (!/^\\/console\\/(live|chart|charts)\\.js$/.test(node.getAttribute('src')))
        say('not ours', node);
for (const node of document.querySelectorAll('time span'))
    if (node.getClientRects().length > 1) say('a day in two lines', node);
if (document.querySelector('style, [style]:not(canvas), [onclick], img:not(.picture)'))
    say('not ours');
if (document.documentElement.scrollWidth > window.innerWidth) say('wider than the window');
const part = text => { const v = text.match(/[\\d.]+/g).map(Number); return v.slice(0, 3); };
const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 :
    ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = node => { for (; node; node = node.parentElement) {
    const c = getComputedStyle(node).backgroundColor;
    if (c != 'rgba(0, 0, 0, 0)') return part(c); } return [255, 255, 255]; };
for (const node of document.querySelectorAll(
        'p, td, th, a, button, dt, dd, h1, h2, small, label')) {
    if (!node.textContent.trim() || node.className == 'skip') continue;
    const a = light(part(getComputedStyle(node).color)), b = light(behind(node));
    if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) say('low contrast', node);
}
return faults;
"""


def axe():
    """axe-core's script, out of the package that has it."""
    where = importlib.util.find_spec("axe_core_python").submodule_search_locations[0]
    return (Path(where) / "axe.min.js").read_text()


AXE = """const done = arguments[0];
axe.run().then(found => done(found.violations.map(
    one => one.id + ': ' + one.nodes.map(node => node.html.slice(0, 90)).join(' | '))));"""


def check(browser, addresses):
    script = axe()
    for address in addresses:
        browser.open(address)
        for width in WIDTHS:
            for theme in ("light", "dark"):
                browser.look(width, theme)
                assert browser.run(FAULTS) == [], (address, width, theme)
                browser.run(script)
                assert browser.run_until_done(AXE) == [], (address, width, theme)
        assert browser.run("return document.title") not in ("taken", "x")
        said = [one for one in browser.complaints() if "status of 404" not in one]
        assert said == [], (address, said)


# ---- The flows ----

def look_up_a_user(browser, console):
    browser.open(f"{console}/user")
    browser.write("input[name=id]", "ana")
    browser.follow(browser.click, "form button")
    assert browser.text("h1") == "ana"
    text = browser.text("main")
    assert "purchase" in text and "Because of The long film number 0" in text
    assert "rating 4.5" in text and "Generation base" in text.replace("\n", " "), text
    with urllib.request.urlopen(f"{console}/user?id=ana&format=json", timeout=60) as answer:
        told = json.load(answer)["actions"]
    assert [(one["kind"], one.get("weight")) for one in told] == [
        ("RATING", 4.5), ("PURCHASE", None), ("VIEW", None)]


def ask_why_not(browser, console):
    for asked, want in (("i0", "had it already"), ("i4", "at place 3"), ("nothing", "neither in"),
                        ("i9", "Other items have higher scores")):
        browser.open(f"{console}/user?id=ana")
        browser.write("input[name=why]", asked)
        browser.follow(browser.click,
                       "input[name=why] ~ button, label:has(input[name=why]) + button")
        assert want in browser.text(".answer"), asked


def read_the_rules(browser, console):
    """What rules did on a placement, in words and by their text."""
    browser.open(f"{console}/user?id=eva")
    assert "pinned" not in browser.text("main")
    browser.follow(browser.click, "nav.placements a[href*='placement=home']")
    text = browser.text("main")
    assert "It was pinned here by pin.top = 1 if id = 'i5' Place without rules: 9" in text, text
    assert "The filter leaves it out:" in text and "filter.no_four = id != 'i4'" in text, text
    browser.write("input[name=why]", "i4")
    browser.follow(browser.strike, ENTER)
    assert "filter.no_four" in browser.text(".answer")


def see_a_picture(browser, console):
    """A picture of a host that is named is loaded, without a word of who looks at what."""
    browser.open(f"{console}/item?id=i5")
    wide = "return [...document.images].map(one => one.complete && one.naturalWidth)"
    browser.world.wait(lambda: browser.run(wide)[:1] == [2], "the picture")
    assert ("/5.png", None) in Pictures.seen
    browser.open(f"{console}/item?id=i6")
    assert browser.text("h1") == "Elsewhere"
    assert not [one for one, _ in Pictures.seen if one == "/6.png"]


def follow_to_an_item(browser, console):
    browser.open(f"{console}/user?id=ana")
    browser.follow(browser.click, "a[href*='id=i3']")
    assert browser.text("h1") == HOSTILE
    text = browser.text("main")
    assert "Similar items" in text and "drama" in text
    assert "Because of" not in text  # every neighbour is there because of this item
    assert re.search(r"at least since \(UTC\)\s+20\d\d-\d\d-\d\d", text), text
    assert browser.run("return document.title").startswith(HOSTILE)


def try_it(browser, console):
    browser.open(f"{console}/try")
    browser.write("input[name=q]", "NUMBER 7")
    browser.follow(browser.strike, ENTER)
    browser.follow(browser.click, "button[value=i7]")
    assert "List for this session" in browser.text("main")
    places = browser.run("return [...document.querySelectorAll('.columns > div:last-child "
                         "tbody tr')].length")
    assert places >= 10
    browser.follow(browser.click, "button[name=drop][value=i7]")
    assert "List for this session" not in browser.text("main")


PLACES = """return [...document.querySelectorAll('[data-made] tbody tr')].map(
    row => [...row.cells].slice(0, 2).map(cell => cell.innerText));"""


def change_weights(browser, console):
    """What is typed is tried at once, by scripts, and by a button without."""
    browser.open(f"{console}/try?item=i1")
    first = browser.run(PLACES)
    assert first and "Usual place" not in browser.text("main")
    browser.write("input[name=w_next]", "0")
    browser.world.wait(lambda: "Usual place" in browser.text("main"), "the other list")
    assert browser.run("return document.activeElement.name") == "w_next"
    assert "w_next=0" in browser.address_now()
    placed = browser.run(PLACES)
    assert [usual for _, usual in placed] != [place for place, _ in placed], placed
    browser.follow(browser.click, "button[name=item][value=i2]")  # the weights come along
    assert "w_next=0" in browser.address_now() and "item=i2" in browser.address_now()
    browser.follow(browser.click, "[data-made] button")
    assert "Usual place" not in browser.text("main")
    browser.write("input[name=w_popular]", "9")
    browser.follow(browser.click, "form[data-now] button")
    assert "w_popular=9" in browser.address_now() and "Usual place" in browser.text("main")


def see_who_gets_it(browser, console):
    """Since when: the list that stands for ana, which has i2 on it, is of 1970."""
    browser.open(f"{console}/item?id=i2")
    browser.follow(browser.click, "button[name=users]")
    row = "return [...document.querySelectorAll('tbody tr')].map(one => one.innerText).find("
    told = browser.run(row + "one => one.includes('ana'))")
    assert told and re.search(r"\d{4,} days ago", told), told


def beside(console, name):
    with urllib.request.urlopen(f"{console}/quality?with={name}&format=json", timeout=60) as answer:
        return json.load(answer)["with"]


def compare_generations(browser, console):
    """Two generations side by side, by hand, with lines above the table."""
    browser.open(f"{console}/quality")
    assert "g2" not in browser.text("main")
    browser.write("input[name=with]", "g2")
    browser.follow(browser.strike, ENTER)
    browser.world.wait(lambda: "Difference" in browser.text("main"), "the other generation")
    text = browser.text("main")
    assert "hit@10 0.2750 0.5125 +86.4 %" in text, text  # 33 of 120, 41 of 80
    lines = "return document.querySelectorAll('.charts canvas').length"
    browser.world.wait(lambda: browser.run(lines) == 4, "hit, NDCG, coverage and novelty")
    assert browser.run("return Chart.version").startswith(("3.", "4."))
    told = beside(console, "g2")
    assert told["state"] == "known" and [one["hits"] for one in told["hours"]] == [20, 21]
    browser.open(f"{console}/quality?with=g9")
    browser.world.wait(lambda: "cannot be read: " in browser.text("main"), "that there is none")
    browser.open(f"{console}/quality?with=base")
    assert "Want the name of another generation" in browser.text("main")


def send_again(browser, console):
    """The command to copy does what it says, from any directory and without a file."""
    world, key = browser.world, b"again"
    world.produce("dead-letters", [(key, b"{}", 0, [
        ("reason", b"missing_item"), ("message", b"no item"), ("worker", b"ingest"),
        ("origin.topic", f"{world.prefix}clicks".encode()), ("origin.partition", b"0"),
        ("origin.offset", b"0"), ("origin.timestamp", b"1")])])
    browser.open(f"{console}/letters?reason=missing_item")
    world.wait(lambda: "missing_item" in browser.text("main"), "the dead letter")
    dry, command = browser.run("return [...document.querySelectorAll('code[data-copy]')].map("
                               "one => one.textContent)")
    assert browser.run("return document.querySelectorAll('code + button.copy').length") == 2
    path = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    for text in (dry, command):
        done = subprocess.run(["sh", "-c", text], env=path, cwd="/", text=True, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0 and "missing_item" in done.stdout, (text, done.stdout)
        sent = [rec.key for rec in world.topics.read("clicks")]
        assert sent == ([] if text is dry else [key])


def change_the_language(browser, console):
    browser.open(f"{console}/user?id=ana")
    browser.follow(browser.click, "a.language")
    assert browser.run("return document.documentElement.lang") == "zh"
    assert "推荐列表" in browser.text("main") and "购买" in browser.text("main")
    browser.follow(browser.click, "nav a[href*=try]")  # it stays
    assert "试一试" in browser.text("h1")
    browser.strike(TAB)
    assert browser.run("return document.activeElement.className") == "skip"


def read_the_flow(browser, console):
    """serve itself runs, and the others do not: the page says so."""
    deadline = time.monotonic() + 120
    while True:
        with urllib.request.urlopen(f"{console}/flow?format=json", timeout=60) as answer:
            told = json.load(answer)
        workers = {one["worker"]: one for one in told["workers"]}
        if told["known"] and workers["serve"]["copies"] == 1:
            break
        assert time.monotonic() < deadline, told
        time.sleep(0.2)
    browser.open(f"{console}/flow")
    text = browser.text("main")
    for worker in ("ingest", "features", "trainer", "scorer"):
        assert f"systemctl start freshet-{worker}@0" in text, text
    assert "freshet-embed@0" not in text
    assert "serve × 1" in browser.run("return document.querySelector('svg').textContent")


def stay_live(browser, console):
    """What a page shows changes without a word of the browser's user."""
    browser.open(f"{console}/letters")
    browser.run("window.same = true")
    assert "There are no dead letters" in browser.text("main")
    browser.world.produce("dead-letters", [(b"k", b"v", 0, [("reason", b"bad_json")])])
    deadline = time.monotonic() + 120
    while "bad_json" not in browser.text("main"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert browser.run("return window.same")


UNSEEN_SECONDS = 13  # longer than the server asks Kafka for somebody who has gone
EVENTS_SECONDS = 5  # the script has asked in that time, whatever it does with the answer


def rename(browser, address, title):
    """Renames an item of ana's list; waits until the server shows it and the script may know."""
    browser.world.produce("items", [item(2, title)])

    def shown():
        with urllib.request.urlopen(address, timeout=60) as answer:
            return title in answer.read().decode()

    browser.world.wait(shown, title)
    time.sleep(EVENTS_SECONDS)
    assert title not in browser.text("main")


def keep_what_is_typed(browser, console):
    """A change waits while somebody is at a form, and while the page is hidden."""
    address = f"{console}/user?id=ana"
    browser.open(address)
    browser.write("input[name=id]", "somebody")
    browser.strike(TAB)
    assert browser.run("return document.activeElement.tagName") == "BUTTON"
    rename(browser, address, "Renamed while they type")
    assert browser.run("return document.activeElement.tagName") == "BUTTON"
    assert browser.run("return document.querySelector('input[name=id]').value") == "somebody"
    browser.run("document.activeElement.blur()")
    browser.world.wait(lambda: "Renamed while they type" in browser.text("main"), "the change")
    hide = ("Object.defineProperty(document, 'hidden', {value: VALUE, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))")
    browser.run(hide.replace("VALUE", "true"))
    rename(browser, address, "Renamed while hidden")
    browser.run(hide.replace("VALUE", "false"))
    browser.world.wait(lambda: "Renamed while hidden" in browser.text("main"), "the change")


def let_kafka_sleep(browser, console):
    """Kafka is not asked while nobody looks; who looks again is told, and sees the figures soon."""
    browser.open("about:blank")

    def told():
        with urllib.request.urlopen(f"{console}/flow?format=json", timeout=60) as answer:
            return json.load(answer)

    browser.world.wait(lambda: told()["known"], "the figures")
    time.sleep(UNSEEN_SECONDS)
    with urllib.request.urlopen(f"{console}/flow", timeout=60) as answer:
        assert "only asked now" in answer.read().decode()  # a live page tells it for a moment
    browser.open(f"{console}/flow")
    browser.world.wait(lambda: "only asked now" not in browser.text("main"), "the figures")
    assert told()["known"]


FLOWS = (read_the_flow, stay_live, keep_what_is_typed, look_up_a_user, ask_why_not,
         read_the_rules, see_a_picture, follow_to_an_item, see_who_gets_it, try_it, change_weights,
         compare_generations, send_again, change_the_language, let_kafka_sleep)
PAGES = ("user", "user?id=ana&why=i9", "user?id=eva&placement=home&why=i4",
         "item?id=i3", "item?id=i3&users=yes", "try?item=i1&item=i3", "try?q=number",
         "try?item=i1&w_next=0&w_popular=2", "try?item=i1&w_popular=2&lang=zh", "nothing",
         "flow", "flow?lang=zh", "quality", "quality?with=g2", "quality?with=g2&lang=zh",
         "letters", "letters?lang=zh", "user?id=ana&lang=zh")


def test_flows(console):
    browser, address = console
    for flow in FLOWS:
        flow(browser, address)
    check(browser, [f"{address}/{page}" for page in PAGES])


# ---- Without scripts ----

# What changes while nobody does anything: times ago, rates, the age of the data.
MOVING = re.compile(r"\d+(\.\d+)? ?(s ago|min ago|秒前|分钟前|s)\b|\d+(\.\d+)?/s")


# What scripts add to a page, which has all of it in words.
BARE = "for (const one of document.querySelectorAll('.charts, .copy')) one.remove()"


def said(browser, address, scripts=False):
    """The words of a page's main part, without what moves and without what scripts add."""
    browser.open(address)
    if scripts:
        browser.run(BARE)
    return [MOVING.sub("", line) for line in browser.text("main").splitlines()]


def test_pages_without_scripts(console):
    """Every page says the same, and links, forms and buttons lead to the same answers."""
    browser, address = console
    addresses = [f"{address}/{page}" for page in PAGES if not page.startswith("flow")]
    browser.world.wait(lambda: beside(address, "g2")["state"] == "known", "g2")
    with_scripts = [said(browser, one, scripts=True) for one in addresses]
    browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
    for one, before in zip(addresses, with_scripts):
        assert said(browser, one) == before, one
    browser.open(f"{address}/user")
    browser.write("input[name=id]", "ana")
    browser.leave(browser.click, "form button")
    assert browser.text("h1") == "ana"
    browser.write("input[name=why]", "i4")
    browser.leave(browser.click, "input[name=why] ~ button, label:has(input[name=why]) + button")
    assert "at place 3" in browser.text(".answer")
    browser.leave(browser.click, "a[href*='id=i2']")
    assert browser.text("h1").startswith("The long film number 2")
    browser.leave(browser.click, "nav a[href*=try]")
    browser.write("input[name=q]", "NUMBER 7")
    browser.leave(browser.strike, ENTER)
    browser.leave(browser.click, "button[value=i7]")
    browser.write("input[name=w_popular]", "9")
    browser.leave(browser.click, "form[data-now] button")
    assert "Usual place" in browser.text("main") and "w_popular=9" in browser.address_now()
    browser.leave(browser.click, "a.language")
    assert "试一试" in browser.text("h1")
