# SPDX-License-Identifier: ISC
"""test_page.py: the status page of a real daemon, as somebody sees it who looks at a simulator."""
import time
import urllib.request

import pytest
from selenium.webdriver.common.keys import Keys

import nmsp_wire as wire
from browser import DESKTOP, PHONE, TABLET
from gateway import EVERYTHING, SEVEN, controller_options, mqtt_options
from proc import free_port

PAGES = ["#/", "#/controller/hq", "#/outputs", "#/tail"]
HEADINGS = {"#/": "Controllers", "#/controller/hq": "hq", "#/outputs": "Outputs",
            "#/tail": "Live records"}
MARKUP = "<img src=x onerror=document.body.remove()>"
TAGS = {"tags": ["site=hq", "building=A"]}


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def start(gateway, port):
    """Starts the daemon with its page; the result is the daemon, its address is `base`."""
    def started(other, **rest):
        running = gateway(other, http={"port": port}, **rest)
        return page_of(running, port)
    return started


@pytest.fixture
def sim(sims):
    """A simulated controller that sends much: its time runs ten times as fast."""
    return sims("--allow-all", "--no-auth-delay", "--speed", 10, "--aps", 4, "--clients", 5,
                "--tags", 2, "--rogues", 2)


@pytest.fixture
def hq(start, sim, browser):
    """The page of a daemon with a simulated controller "hq", once that delivers."""
    running = start(sim, controller={"services": SEVEN, "echo_interval": 1, **TAGS})
    running.wait_line("session hq: subscribed")
    browser.open(running.base)
    browser.wait_text("#overview tbody .state", "^subscribed$")
    return browser


POLLS = """return performance.getEntriesByType("resource")
    .filter(one => /status/.test(one.name)).length"""


def page_of(running, port):
    """Lets a daemon come so far that it serves its page, whose address becomes its `base`."""
    running.wait_line(f"http: listens on 127.0.0.1 port {port}$")
    running.base = f"http://127.0.0.1:{port}/"
    return running


def number(text):
    return float(text.split("/")[0].replace(",", ""))


def facts(browser, section):
    """The terms and values that a section shows."""
    return browser.run("""return Object.fromEntries(
        Array.from(document.querySelectorAll(`${arguments[0]} dt`))
            .filter(term => term.checkVisibility())
            .map(term => [term.innerText, term.nextElementSibling.innerText]))""", section)


def rows(browser, body):
    """The cells of a table's body."""
    return browser.run("""return Array.from(document.querySelectorAll(`${arguments[0]} tr`))
        .map(row => Array.from(row.cells).map(cell => cell.innerText.trim()))""", body)


def part(view, name):
    return f"#{view} [data-part={name}]"


def test_overview_appears_and_updates_in_place(hq):
    (row,) = rows(hq, part("overview", "rows"))
    assert row[0].startswith("hq\n127.0.0.1:") and row[1].startswith("subscribed\nreceives rssi:")
    assert row[6:8] == ["7", "7"]
    hq.run("document.querySelector('#overview tbody tr').kept = true")
    field = hq.one(part("overview", "filter"))
    field.send_keys("site=hq")
    before = hq.run(POLLS)
    hq.wait(lambda: hq.run(POLLS) >= before + 2, "two polls")
    hq.wait_text("#overview tbody td.number", r"^(?!0$)[\d.,]+$")
    assert hq.run("return document.querySelector('#overview tbody tr').kept")
    assert hq.focused == field and field.get_property("value") == "site=hq"
    hq.wait(lambda: "L" in hq.run("return document.querySelector('#overview tbody .line')"
                                  ".getAttribute('d')"), "line in the chart")


def test_a_hidden_page_does_not_ask(hq):
    hq.run("Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
           "document.dispatchEvent(new Event('visibilitychange'))")
    before = hq.wait(lambda: hq.run(POLLS), "poll")
    time.sleep(3)
    assert hq.run(POLLS) <= before + 1  # one may have been under way
    hq.run("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    hq.wait(lambda: hq.run(POLLS) >= before + 2, "polls again")


def test_filter_and_what_it_says_of_nothing(hq):
    field = hq.one(part("overview", "filter"))
    field.send_keys("subscribed 127.0.0")
    assert hq.text(part("overview", "shown")) == "1 controller"
    field.send_keys(" elsewhere")
    assert "“subscribed 127.0.0 elsewhere”" in hq.text(part("overview", "empty"))
    assert not hq.all(part("overview", "table"))


def test_gateway_and_identity(hq):
    told = facts(hq, "#overview .panel")
    assert told["Name"] == "gw1" and told["MAC address"] == "02:00:5e:10:00:01"
    assert len(told["SHA1 key hash"]) == 40 and len(told["SHA2 key hash"]) == 64


def test_controller_page_has_all_of_the_mse_page(hq):
    hq.go("#/controller/hq")
    hq.wait_text("#controller h1", "^hq$")
    hq.wait_text(part("controller", "echoResponses"), "^[1-9]")
    told = facts(hq, "#controller")
    assert told["Address"].startswith("127.0.0.1:") and told["NMSP status"] == "active"
    assert told["Type"] == "C9800-CL-K9" and told["Software"] == "17.12.4"
    assert number(told["Echo requests"]) >= number(told["Echo responses"]) >= 1
    assert told["Tags"] == "site=hq, building=A" and told["TLS"].startswith("TLSv1.3")
    for term in ("Last activity", "Last echo request", "Last echo response"):
        assert told[term].endswith(" ago") or told[term] == "now"
    assert "not known" not in told.values()


def test_controller_page_tables(hq):
    hq.go("#/controller/hq")
    hq.wait_text(part("controller", "records") + " th", "^rssi$")
    hq.wait_text(part("controller", "messages") + " th", "^measurement_notification$")
    services = {row[0]: row[1:] for row in rows(hq, part("controller", "services"))}
    for name in SEVEN:
        assert services[name][:3] == ["yes", "yes", "yes"]
    assert services["wips:wips"][:4] == ["yes", "no", "no", "no"]
    messages = {(row[0], row[2]): row for row in rows(hq, part("controller", "messages"))}
    request = messages["service_subscribe_request", "OUT"]
    assert request[1] == "30" and request[3:5] == ["1", "77"] and request[5] != "never"
    assert ("measurement_notification", "IN") in messages
    titles = hq.texts("#controller figcaption span")
    assert titles == ["Records", "Messages in", "Messages out"]
    hq.wait_text(part("controller", "accounts") + " th", "^main: rssi$")


def test_service_that_is_not_granted(start, sims, browser):
    sim = sims("--allow-all", "--no-auth-delay", "--grant", "rssi")
    running = start(sim, controller={"services": ["rssi:client", "statistics:client"]},
                    allow=["not granted|granted"])
    browser.open(running.base)
    browser.wait_text("#overview tbody .reason", "^not granted: statistics:client$")
    assert browser.text(part("overview", "problems")) == "1 problem"
    assert browser.run("return document.title").startswith("(1 problem) Controllers")


def test_outputs(hq):
    hq.go("#/outputs")
    hq.wait_text("#outputs h2", "^main$")
    hq.wait_text("#outputs .state", "^connected$")
    hq.wait_text("#outputs tbody th", "^rssi$")
    told = facts(hq, "#outputs")
    assert told["Type"] == "mqtt" and told["Queue"].endswith("of 64.0 MiB")
    assert told["Spool"] == "none" and told["Reconnects"] == "0"


def test_tail_filters(hq):
    hq.go("#/tail")
    hq.wait_text("#tail summary b", "^rssi$")
    hq.wait(lambda: len(set(hq.texts("#tail summary b"))) > 1, "another kind")
    hq.run("const kind = document.querySelector('#tail [data-part=kind]'); kind.value = 'rssi';"
           "kind.dispatchEvent(new Event('change', { bubbles: true }))")
    hq.wait(lambda: hq.count("#tail li") >= 10, "ten lines")
    assert set(hq.texts("#tail summary b")) == {"rssi"}
    assert hq.run("return location.hash") == "#/tail?kind=rssi"
    station = hq.texts("#tail summary .code")[0]
    field = hq.one("#tail form [data-part=mac]")
    field.send_keys(station[:14].upper().replace(":", "-") + Keys.TAB)
    hq.wait(lambda: hq.count("#tail li") >= 2, "two lines")
    assert {mac[:14] for mac in hq.texts("#tail summary .code")} == {station[:14]}
    field.clear()
    field.send_keys("nonsense" + Keys.TAB)
    assert "hexadecimal" in hq.text(part("tail", "fault"))


def test_tail_is_bounded_and_holds_still_for_a_reader(start, sims, browser):
    sim = sims("--allow-all", "--no-auth-delay", "--rate", 1000)
    browser.open(start(sim).base, "#/tail?kind=rssi")
    browser.wait(lambda: browser.count("#tail li") == 200, "200 lines")
    browser.run("document.querySelector('#tail summary').focus()")
    browser.press(Keys.ENTER)
    browser.wait_text("#tail [role=status]", "^Paused")
    shown = browser.wait(lambda: browser.texts("#tail pre"), "opened line")[0]
    assert shown.startswith('{\n  "schema": "nmsp.rssi/1",\n  "gateway": "gw1",')
    browser.wait_text(part("tail", "counts"), r"^[1-9]\d* records? since")
    assert browser.count("#tail li") == 200 and browser.texts("#tail pre") == [shown]
    browser.one(part("tail", "pause")).click()
    browser.wait(lambda: browser.count("#tail details[open]") == 0, "new lines in its place")
    assert browser.count("#tail li") == 200


def test_empty_tail_says_so(start, peer, browser):
    browser.open(start(peer).base, "#/tail?controller=hq")
    browser.wait_text(part("tail", "empty"), "^No records yet")
    browser.wait_text("#tail [role=status]", "^Live")


def test_markup_off_the_air_stays_text(start, peers, browser):
    """A network's and a user's name, and what a controller calls itself, are somebody else's."""
    peer = peers(greeting=wire.capability(name=MARKUP))
    running = start(peer, controller={"services": EVERYTHING})
    browser.open(running.base, "#/tail")
    browser.wait_text("#tail [role=status]", "^Live")
    peer.ready().send(wire.frame(wire.INFORMATION, wire.information(
        (0x0201, wire.mac("a4:83:e7:12:34:56")), (0x0202, wire.u8(1)),
        (0x0206, MARKUP.encode()), (0x0208, b"<script>alert(1)</script>"))))
    browser.wait_text("#tail summary", "<script>alert.1.</script>")
    assert MARKUP in browser.text("#tail summary")
    browser.one("#tail summary").click()
    browser.wait_text("#tail pre", MARKUP.split("=", maxsplit=1)[0])
    browser.go("#/controller/hq")
    browser.wait_text(part("controller", "deviceName"), MARKUP.split("=", maxsplit=1)[0])
    assert browser.run("return document.querySelectorAll('main img, main script').length") == 0


def test_keyboard(hq):
    """Everything can be reached by Tab, in the order in which it is read."""
    hq.press(Keys.TAB)
    assert hq.focused.text == "Skip to the content"
    reached = []
    for _step in range(7):
        hq.press(Keys.TAB)
        reached.append(hq.focused.text or hq.focused.get_attribute("data-part"))
    assert reached[1:4] == ["Controllers", "Outputs", "Live records"]
    assert reached[4] == "filter" and reached[6] == "hq"
    outline = hq.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    hq.press(Keys.ENTER)
    hq.wait_text("#controller h1", "^hq$")
    assert hq.focused.tag_name == "h1"


def test_skip_link(hq):
    hq.press(Keys.TAB, Keys.ENTER)
    assert hq.focused.get_attribute("id") == "main"
    hq.press(Keys.TAB)
    assert hq.focused.get_attribute("data-part") == "filter"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_and_can_be_read(hq, scheme):
    """No page is wider than its window, and no text too pale (WCAG AA)."""
    for size in (DESKTOP, TABLET, PHONE):
        hq.look_like(size, scheme)
        for page in PAGES:
            hq.go(page)
            hq.wait_text("h1", f"^{HEADINGS[page]}$")
            assert hq.texts("[aria-current=page]") == [HEADINGS[page]] or page == "#/controller/hq"
            if page == "#/tail":
                hq.wait(lambda: hq.count("#tail li"), "lines")
                hq.run("document.querySelector('#tail details').open = true")
            assert hq.run("return document.documentElement.scrollWidth") <= size[0], page
            assert hq.run(PALE_TEXTS) == [], page


# Texts whose contrast to what is behind them is under 4.5.
PALE_TEXTS = """
const parse = text => text.match(/[\\d.]+/g).map(Number);
const linear = part => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
const behind = one => {
    for (; one; one = one.parentElement) {
        const colour = parse(getComputedStyle(one).backgroundColor);
        if (colour.length < 4 || colour[3] > 0)
            return colour;
    }
    return [255, 255, 255];
};
const contrast = one => {
    const both = [parse(getComputedStyle(one).color), behind(one)].map(light);
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
};
return Array.from(document.querySelectorAll("body *"))
    .filter(one => one.checkVisibility() && Array.from(one.childNodes)
        .some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()))
    .filter(one => contrast(one) < 4.5).map(one => one.outerHTML);
"""


def test_policy_is_enforced(hq):
    """The page may not run what is written into it; the browser complains of the attempt."""
    hq.allowed = ["Content Security Policy"]
    hq.run("const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
           "document.body.append(script); document.body.setAttribute('style', 'margin: 9px')")
    assert hq.run("return window.ran") is None
    assert hq.run("return getComputedStyle(document.body).marginLeft") == "0px"
    with urllib.request.urlopen(hq.base) as reply:
        policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_gateway_that_dies_and_comes_back(gateways, sim, broker, browser, port):
    def run():
        return page_of(gateways({"hq": controller_options(sim)}, {"main": mqtt_options(broker)},
                                http={"port": port}), port)
    browser.allowed = ["ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE|ERR_EMPTY"]
    first = run()
    browser.open(first.base)
    browser.wait_text("#overview tbody .state", "^subscribed$")
    session = browser.text(part("overview", "session"))
    first.kill()
    browser.wait_text("#banner-text", "cannot be reached: no connection")
    browser.wait_text("#banner-age", r"^What is shown is \d+ s old")
    assert browser.text("#connection") == "not live"
    run()
    browser.wait(lambda: not browser.all("#banner"), "end of the banner")
    browser.wait_text("#connection", "^live$")
    browser.wait(lambda: browser.text(part("overview", "session")) != session, "new session")


def test_hundreds_of_controllers(gateways, sim, broker, browser, port):
    """Only so many rows are drawn, the problems first; the others are one click away."""
    refused = controller_options(sim, port=free_port())
    controllers = {f"site-{n:03d}": refused for n in range(249)}
    running = gateways({**controllers, "zz": controller_options(sim)},
                       {"main": mqtt_options(broker)}, allow=["."], http={"port": port})
    browser.open(page_of(running, port).base)
    browser.wait(lambda: len(rows(browser, part("overview", "rows"))) == 100, "a hundred rows")
    assert browser.text(part("overview", "shown")) == "100 of 250 controllers"
    browser.one(part("overview", "more")).click()
    assert len(rows(browser, part("overview", "rows"))) == 200
    browser.wait_text("#overview tbody .state", "^backoff$")
    browser.one(part("overview", "filter")).send_keys("zz")
    browser.wait_text("#overview tbody .name a", "^zz$")
    assert len(rows(browser, part("overview", "rows"))) == 1


def test_no_such_page_and_no_such_controller(hq):
    hq.go("#/controller/%3Cb%3Enone")
    hq.wait_text(part("controller", "missing"), "No controller “<b>none” is configured")
    hq.go("#/elsewhere")
    hq.wait_text("h1", "^No such page$")
