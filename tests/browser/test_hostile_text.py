"""Hostile text through every field, in both directions: it stays text wherever somebody reads it.

What listens while it goes through: content policy violations, dialogs, script errors, pop-ups, requests to any other
origin, and a canary that the payloads try to set. Besides, every page is searched for what text must never become.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, Request, expect

from bot.access import Role

from .conftest import PATIENCE_MS, Chat, Console, Office, Wire

SECRET = "a key of thirty-two bytes or more, for tests"
DECEPTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")  # what markup.js leaves out


def _payloads() -> list[str]:
    lines = (Path(__file__).parent / "payloads.txt").read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(_written(line) for line in lines if line and not line.startswith("%%")))


def _written(line: str) -> str:
    def sign(found: re.Match[str]) -> str:
        text, count = found["text"], int(found["count"] or 1)
        return (chr(int(text, 16)) if re.fullmatch("[0-9A-F]{4,6}", text) else text) * count

    return re.sub(r"⟦(?P<text>[^⟧*]+)(?:\*(?P<count>\d+))?⟧", sign, line)


def packed(texts: Sequence[str], room: int, join: str = " ", *, keep_whole: bool = False) -> list[str]:
    """As few texts as hold them all; what is longer than `room` is cut, or stands alone."""
    packs: list[str] = []
    for text in texts:
        joined = join.join([*packs[-1:], text])
        if packs and len(joined) <= room:
            packs[-1] = joined
        else:
            packs.append(text if keep_whole else text[:room])
    return packs


PAYLOADS = _payloads()
SHORT = [text for text in PAYLOADS if len(text) <= 250]
CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")  # no name may hold them
NAMES = packed([name for text in PAYLOADS if (name := CHARACTERS.sub("", text).strip())], 80)[:90]
SAID = packed(PAYLOADS, 200, "\n", keep_whole=True)
COMMENTS = packed(PAYLOADS, 1_000)
_ADDRESS = re.compile(r"[^\w/]{0,2}[\w&#;%]*(:|//|&colon;)")
PAGES = [*filter(_ADDRESS.match, PAYLOADS), *packed([text for text in PAYLOADS if not _ADDRESS.match(text)], 2_000)]
ADDRESSES = [
    "'onfocus='__pwned=1'@evil.example", "`${__pwned=1}`@evil.example", "{{7*7}}@evil.example", "=1+1@evil.example",
    "x?subject=a&body=b@evil.example", "__proto__@evil.example", "%3Cscript%3E__pwned=1%3C/script%3E@evil.example",
    "javascript&#58alert`1`@evil.example",
]  # fmt: skip


def until(page: Page, true: Callable[[], bool]) -> None:
    for _ in range(PATIENCE_MS // 50):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen")


# ── what listens ──

LISTEN = """(() => {
  const tell = (what) => window.complain?.(`${window.name}\\n${what}`);
  const violated = (e) => tell(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`);
  addEventListener("securitypolicyviolation", violated);
  Object.defineProperty(window, "__pwned", { set: () => tell("pwned"), configurable: false });
})()"""

# Elements and attributes that no text of anybody may become. Shadow roots are searched too.
SEARCH = """() => {
  const found = [];
  const bad = "iframe, frame, frameset, object, embed, applet, base, form[action], meta[http-equiv], portal,"
    + " fencedframe, img, image, video, audio, picture, source, math, marquee, template, noscript, xmp,"
    + " plaintext, foreignObject, animate, set, use, isindex, keygen, map, area, [srcdoc], [srcset], [formaction],"
    + " param, [background], [ping], [contenteditable], [autofocus]:not(input, button), [popover], [ng-app]";
  const isOurs = (url) => new URL(url, location.href).origin === location.origin;
  const search = (root) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.shadowRoot) search(one.shadowRoot);
      const tag = one.outerHTML.slice(0, 120);
      const isWidget = one.tagName === "IFRAME" && isOurs(one.src) && root.host?.localName === "answerdesk-widget";
      if (one.matches(bad) && !isWidget) found.push(tag);
      if (one.matches("script") && !(one.src && isOurs(one.src) && !one.textContent)) found.push(tag);
      if (tag === '<link rel="icon" href="data:,">') continue; // the chat's own
      if (one.matches("link") && !isOurs(one.href)) found.push(tag);
      const isHidden = one.getAttribute("aria-hidden") === "true" || one.getAttribute("role") === "img";
      if (one.matches("svg") && !isHidden) found.push(tag);
      if (one.matches("a[href]") && !["http:", "https:", "mailto:"].includes(one.protocol)) found.push(tag);
      if (one.matches("a[target=_blank]") && !/noopener/.test(one.rel)) found.push(tag);
      for (const { name, value } of one.attributes) {
        const isAddress = ["href", "src", "action"].includes(name);
        if (name.startsWith("on") || isAddress && /^\\s*(javascript|vbscript|data):/i.test(value)) found.push(tag);
        if (name === "style" && /url\\(|expression|binding|inset/.test(value)) found.push(tag);
      }
    }
  };
  search(document);
  if (Object.prototype.__pwned !== undefined) found.push("Object.prototype.__pwned");
  return found;
}"""


@dataclass
class Watch:
    """All pages of one browser context; `complaints` must stay empty."""

    context: BrowserContext
    home: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.expose_binding("complain", lambda source, what: self.complaints.append(what))
        self.context.add_init_script(LISTEN)
        self.context.route(re.compile(r"evil\.example|shop\.example"), lambda route: route.abort())
        self.context.on("request", self._asked)
        self.context.on("page", self._listen)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.home, "blob:" + self.home, "data:image/svg+xml")):
            self.complaints.append(f"request: {request.url}")

    def _listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("popup", lambda popup: self.complaints.append(f"popup: {popup.url}"))
        page.on("download", lambda download: self.complaints.append(f"download: {download.url}"))
        page.on("console", lambda said: self._said(said.text))

    def _said(self, text: str) -> None:
        if "Content Security Policy" in text or "TrustedHTML" in text:
            self.complaints.append(text)

    def clean(self, *frames: Page | Frame) -> None:
        """Nothing complained, and nothing on these pages is what it must not be."""
        for frame in frames:
            assert frame.evaluate(SEARCH) == []
        assert self.complaints == []


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    agents = [("ana", NAMES[0], Role.ADMIN), *((f"agent{n}", name, Role.AGENT) for n, name in enumerate(NAMES[1:]))]
    settings = {
        "BOT_IDENTITY_SECRET": SECRET, "BOT_SHOP_NAME": '"><img src=x onerror=__pwned=1>',
        "BOT_GREETING_EN": "<script>__pwned=1</script>", "BOT_OPENERS_EN": "<img src=x onerror=__pwned=1>",
    }  # fmt: skip
    with Office.opened(tmp_path_factory.mktemp("hostile"), {"faq.csv": _table()}, agents, **settings) as office:
        yield office


GROUPS = [SHORT[n : n + 6] for n in range(0, len(SHORT), 6)]


def _title(n: int) -> str:
    return f"What is article {n}? {packed(GROUPS[n], 200)[0]}"


def _table() -> str:
    """Every payload in the title, the text and the address of a passage."""

    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    rows = [[_title(n), f"Article {n}.\n" + "\n".join(group), group[0]] for n, group in enumerate(GROUPS)]
    return "\n".join(",".join(map(cell, row)) for row in [["question", "answer", "url"], *rows])


@pytest.fixture
def watched(office: Office, browser: Browser) -> Iterator[Callable[..., tuple[Watch, Page]]]:
    contexts: list[BrowserContext] = []

    def watch(**options: Any) -> tuple[Watch, Page]:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", **options})
        contexts.append(context)
        watch = Watch(context, office.url)
        return watch, context.new_page()

    yield watch
    for context in contexts:
        context.close()


class Throng:
    """Customers without pages: whoever they say they are, from whatever page."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def arriving(self, id: str, page: str) -> tuple[str, Wire]:
        now = int(time.time())
        claims = {"external_user_id": id, "aud": "answerdesk", "iat": now, "exp": now + 600}
        token = jwt.encode(claims, SECRET, "HS256")
        made = self._http.post("/v1/session", json={"locale": "en", "page": page, "user_token": token}).json()
        asked = self._http.post("/v1/ticket", headers={"Authorization": f"Bearer {made['session']}"}).json()
        hello = {"type": "hello", "ticket": asked["ticket"], "resume": []}
        return made["conversation"], Wire(str(self._http.base_url.join("/v1/socket")), hello)


@pytest.fixture(scope="module")
def throng(office: Office) -> Iterator[Throng]:
    with httpx.Client(base_url=office.url) as http:
        yield Throng(http)


def seen(text: str) -> str:
    return DECEPTIVE.sub("", text)


Enter = Callable[..., tuple[Watch, Page]]


def site(watch: Watch, address: str, body: str) -> None:
    """Another site, at an address that only this browser knows."""
    watch.context.route(address, lambda route: route.fulfill(body=body, content_type="text/html"))


# ── the listeners hear, where nothing protects ──


def test_these_texts_do_harm_where_a_page_takes_them_for_markup(watched: Enter) -> None:
    watch, page = watched(base_url="http://bare.example")
    watch.home = "http://bare.example"
    site(watch, "http://bare.example/", "<body></body>")
    page.goto("http://bare.example/")
    for start in range(0, len(PAYLOADS), 40):
        page.evaluate(
            """async ([start, texts]) => {
                const frames = texts.map((text, n) => {
                    const frame = document.createElement("iframe");
                    frame.name = String(start + n);
                    frame.srcdoc = text;
                    document.body.append(frame);
                    return frame;
                });
                await new Promise((done) => setTimeout(done, 400));
                for (const frame of frames) {
                    frame.contentDocument?.querySelectorAll("a, button").forEach((one) => one.click?.());
                }
                await new Promise((done) => setTimeout(done, 100));
                for (const frame of frames) frame.remove();
            }""",
            [start, PAYLOADS[start : start + 40]],
        )
    harmful = {name for name, _, what in (one.partition("\n") for one in watch.complaints) if what == "pwned"}
    assert len(PAYLOADS) >= 200
    assert len(harmful) >= 70  # the others wait for a hand on the mouse, or for other browsers
    assert any(one.startswith("dialog") for one in watch.complaints)
    assert any(one.startswith("request: https://evil.example") for one in watch.complaints)


# ── from customers to agents ──

OPEN_ALL = """async (all) => {
  const wait = () => new Promise((done) => setTimeout(done, 10));
  const missing = [];
  for (const [id, name, said] of all) {
    location.hash = `c=${id}`;
    const texts = (selector) => [...document.querySelectorAll(selector)].map((one) => one.textContent);
    const isThere = () => texts(".packet .customer-name")[0] === name && texts(".talk .customer .bubble").includes(said)
      && texts(".talk-head h2")[0] === name && location.hash.endsWith(id);
    for (let n = 0; n < 500 && !isThere(); n++) await wait();
    if (!isThere()) missing.push([name, said, texts(".packet .customer-name"), texts(".talk .customer .bubble")]);
  }
  return missing;
}"""


def test_what_customers_write_stays_text_in_the_console(office: Office, throng: Throng, watched: Enter) -> None:
    written = []
    for n, text in enumerate(packed(PAYLOADS, 128, keep_whole=True)):
        id, wire = throng.arriving(text[:128], PAGES[n % len(PAGES)])
        with wire:
            wire.do("handoff", id)
            wire.do("send", id, text=text)
            wire.ask("email", id, email=text[:320])
            if n < len(ADDRESSES):
                wire.do("email", id, email=ADDRESSES[n])
            wire.do("close", id)
            if n < len(COMMENTS):
                wire.do("rate", id, score=1, comment=COMMENTS[n])
        written.append([id, seen(text[:128]), seen(text)])
    watch, page = watched()
    ana = Console(page).log_in(office.url, "ana")
    ana.tab("All").click()
    expect(ana.rows.nth(len(written) % 50)).to_be_attached(timeout=PATIENCE_MS)
    while page.get_by_role("button", name="More", exact=True).is_visible():
        page.locator(".list-scroll").evaluate("(list) => list.scrollTo(0, 1e6)")
        page.wait_for_timeout(50)
    names = set(page.locator(".row-name").all_text_contents())
    assert {name for _, name, _ in written} <= names
    watch.clean(page)
    for start in range(0, len(written), 40):
        assert page.evaluate(OPEN_ALL, written[start : start + 40]) == []
        watch.clean(page)
    for text in (*PAYLOADS[::20], *ADDRESSES[:2]):
        ana.list_search.fill(text[:200])
        page.wait_for_timeout(400)
        watch.clean(page)


# ── between both sides, live ──


def test_what_each_side_writes_stays_text_on_the_other(office: Office, watched: Enter) -> None:
    customers, shop = watched()
    shop.goto(f"{office.url}/?locale=en#{PAYLOADS[0]}")
    chat = Chat(shop).open()
    chat.frame.get_by_role("button", name="Talk to a person").click()
    messages = packed([text for text in PAYLOADS if len(text) < 3_000], 3_900, "\n")
    for text in messages:
        chat.say(text)
    expect(chat.said).to_have_count(len(messages), timeout=PATIENCE_MS)
    assert chat.said.all_text_contents() == [seen(text).strip() for text in messages]

    agents, page = watched()
    ana = Console(page).log_in(office.url, "ana")
    id = chat_id(shop)
    page.goto(f"{office.url}/console#c={id}")
    expect(page.locator(".talk .customer")).to_have_count(len(messages), timeout=PATIENCE_MS)
    ana.press("c")
    expect(ana.state).to_contain_text("With you")
    ana.press("r")
    page.keyboard.type("x")
    expect(chat.frame.locator(".working")).to_be_visible()  # with the agent's name
    customers.clean(shop, shop.frames[1])
    with Wire.of_agent(office, ana) as wire:
        for text in SAID:
            wire.do("note", id, text=text)
            wire.do("send", id, text=text)
        for start in range(0, len(PAYLOADS), 20):
            wire.do("tag", id, tags=[text[:40].strip() for text in PAYLOADS[start : start + 20]])
        _pass_around(ana, wire, id)
    expect(page.locator(".talk .note")).to_have_count(len(SAID), timeout=PATIENCE_MS)
    assert ana.notes.all_text_contents() == [seen(text) for text in SAID]
    expect(chat.frame.locator(".log .agent")).to_have_count(len(SAID), timeout=PATIENCE_MS)
    for button in ("Tags", "Transfer"):
        ana.button(button).click()
        agents.clean(page)
        page.keyboard.press("Escape")
    for text in messages[:3]:
        ana.say(text)
    expect(chat.frame.locator(".log .agent")).to_have_count(len(SAID) + 3, timeout=PATIENCE_MS)
    customers.clean(shop, shop.frames[1])
    agents.clean(page)
    for window in (shop, page):
        window.reload()
    expect(page.locator(".talk .note")).to_have_count(len(SAID), timeout=PATIENCE_MS)
    expect(chat.frame.locator(".log .agent")).to_have_count(len(SAID) + 3, timeout=PATIENCE_MS)
    shop.evaluate("answerdesk.setLocale('zh')")
    expect(chat.frame.get_by_role("button", name="发送")).to_be_visible()
    customers.clean(shop, shop.frames[1])
    agents.clean(page)


def chat_id(shop: Page) -> str:
    """The widget's conversation, as it keeps it."""
    kept = shop.frames[1].evaluate("Object.values(localStorage).join(' ')")
    found: str = re.search(r'"conversation":"([0-9a-f]{32})"', kept)[1]  # type: ignore[index]
    return found


def _pass_around(ana: Console, wire: Wire, id: str) -> None:
    """To every colleague with a hostile name, each time with a hostile note; and back."""
    colleagues = [one["id"] for one in ana.api("GET", "agents")["agents"] if one["id"] != me(ana)]
    notes = packed(PAYLOADS, 1 + sum(map(len, PAYLOADS)) // len(colleagues), "\n")
    for n, to in enumerate([*colleagues, me(ana)]):
        version = ana.api("GET", f"conversations/{id}")["version"]
        wire.do("transfer", id, to=to, expect_version=version, text=notes[n % len(notes)][:3_900])


def me(console: Console) -> str:
    id: str = console.api("GET", "me")["agent"]["id"]
    return id


def test_canned_replies_stay_text(office: Office, throng: Throng, watched: Enter) -> None:
    watch, page = watched()
    ana = Console(page).log_in(office.url, "ana")
    pairs = [PAYLOADS[n : n + 2] for n in range(0, len(PAYLOADS), 2)]
    canned = [
        {"shortcut": f"g{n // 8:02}x{n % 8}", "title": pair[0][:80], "text": "\n".join(pair)[:4_000], "language": "en"}
        for n, pair in enumerate(pairs)
    ]
    ana.api("PUT", "canned", {"canned": canned})
    id, wire = throng.arriving("canned", "https://shop.example/")
    with wire:
        wire.do("handoff", id)
        wire.do("send", id, text="I want a canned reply")
    page.goto(f"{office.url}/console#c={id}")
    page.reload()
    expect(ana.messages.last).to_have_text("I want a canned reply")
    options = page.locator(".canned [role=option]")
    for group in range(len(canned) // 8):
        ana.input.fill(f"/g{group:02}")
        expect(options).to_have_count(8)
        assert page.evaluate(SEARCH) == []
        ana.press("Enter")
        assert ana.input.input_value()
    ana.press("Enter")
    expect(page.locator(".talk .message.agent")).to_have_count(1)
    watch.clean(page)


# ── what the bot answers from ──


def test_what_stands_in_the_knowledge_base_stays_text(office: Office, watched: Enter) -> None:
    customers, shop = watched()
    shop.goto(f"{office.url}/?locale=en")
    chat = Chat(shop).open()
    for n in (1, 7, 12, 30):
        chat.say(_title(n))
        expect(chat.frame.locator(".working")).to_have_count(0, timeout=PATIENCE_MS)
    expect(chat.frame.locator(".log .bot").first).to_be_visible()
    agents, page = watched()
    ana = Console(page).log_in(office.url, "ana")
    id = chat_id(shop)
    page.goto(f"{office.url}/console#c={id}")
    expect(ana.messages.first).to_be_visible()
    _cite_everything(office, ana, id)
    chips = chat.frame.locator(".agent .chip")
    expect(chips.nth(len(GROUPS) // 2)).to_be_visible(timeout=PATIENCE_MS)
    for n in range(chips.count()):
        chips.nth(n).evaluate("(chip) => chip.click()")
        assert shop.frames[1].evaluate(SEARCH) == []
        chat.sheet.evaluate("(sheet) => sheet.close()")
    customers.clean(shop, shop.frames[1])

    for fold in page.get_by_role("button", name="Evidence").all():
        fold.click()
    for n in (3, 9, 21):
        page.get_by_role("searchbox", name="Search help pages").fill(f"article {n}")
        expect(page.locator(".found .passage-card").first).to_be_visible(timeout=PATIENCE_MS)
        agents.clean(page)
    for text in PAYLOADS[::25]:
        page.get_by_role("searchbox", name="Search help pages").fill(text[:200])
        page.wait_for_timeout(350)
    page.locator(".found, .packet").get_by_role("button", name="Use in reply").first.click()
    agents.clean(page)
    for turn in ana.api("GET", f"conversations/{id}/packet")["turns"]:
        page.goto(f"{office.url}/console/evidence?conversation={id}&seq={turn['question_seq']}")
        expect(page.locator("main.evidence section").first).to_be_visible(timeout=PATIENCE_MS)
        for unfold in page.locator(".unfold").all():
            unfold.click()
        agents.clean(page)


def _cite_everything(office: Office, ana: Console, id: str) -> None:
    found: dict[str, None] = {}
    for n in range(0, len(GROUPS), 2):
        for passage in ana.api("GET", f"passages?q=article%20{n}&language=en")["passages"]:
            found[passage["passage"]] = None
    assert len(found) >= len(GROUPS) // 2
    ids = list(found)
    with Wire.of_agent(office, ana) as wire:
        wire.do("claim", id, expect_version=ana.api("GET", f"conversations/{id}")["version"])
        for start in range(0, len(ids), 5):
            wire.do("send", id, text="See these.", passages=ids[start : start + 5])


def test_drafts_of_answers_stay_text_and_so_does_what_is_published(office: Office, watched: Enter) -> None:
    watch, page = watched()
    ana = Console(page).log_in(office.url, "ana", "/console/answers")
    ids = []
    for pack in packed(SHORT, 280):
        examples = [text for text in SHORT if text in pack][:10]
        ids.append(ana.api("POST", "answers", {"question": pack, "answer": pack, "examples": examples})["id"])
    for pack in packed(PAYLOADS, 3_000, "\n\n"):
        body = {"question": "What is all of this?", "answer": pack}
        ids.append(ana.api("POST", "answers", body)["id"])
    page.reload()
    expect(page.locator(".line-link").first).to_be_visible()
    while (more := page.get_by_role("button", name=re.compile("^Show .* more"))).is_visible():
        more.click()
    expect(page.locator(".line-link")).to_have_count(len(ids))
    watch.clean(page)
    for id in (*ids[::6], ids[-1], ids[-2]):
        page.goto(f"{office.url}/console/answers?id={id}")
        expect(page.locator(".preview-text p, .preview-text ul").first).to_be_visible(timeout=PATIENCE_MS)
        watch.clean(page)
    expect(page.locator(".check .nearest")).to_be_visible(timeout=PATIENCE_MS)
    watch.clean(page)
    question = "<img src=x onerror=alert(1)> and {{7*7}}?"
    draft = ana.api("POST", "answers", {"question": question, "answer": "\n".join(SHORT[40:60])})
    ana.api("POST", f"answers/{draft['id']}/publish", {})
    page.goto(f"{office.url}/console/answers?id={draft['id']}")
    expect(page.get_by_text("Answerable now")).to_be_visible(timeout=PATIENCE_MS)
    assert "<img src=x onerror=alert(1)>" in page.title()
    watch.clean(page)


def test_numbers_and_questions_without_an_answer_stay_text(office: Office, throng: Throng, watched: Enter) -> None:
    for n, pack in enumerate(packed(SHORT, 1_500)):
        id, wire = throng.arriving(f"asks {n}", pack)
        with wire:
            wire.do("send", id, text=pack)
            wire.do("handoff", id)
    watch, page = watched()
    Console(page).log_in(office.url, "ana", "/console/metrics")
    expect(page.locator(".numbers svg").first).to_be_visible(timeout=PATIENCE_MS)
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    if (button := page.get_by_role("button", name=re.compile("^Show all"))).is_visible():
        button.click()
    watch.clean(page)


# ── what a browser shows outside the page ──


def test_titles_and_notifications_are_given_text(office: Office, throng: Throng, watched: Enter) -> None:
    watch, page = watched()
    page.add_init_script("""(() => {
      window.told = [];
      window.Notification = class { constructor(title, { body }) { told.push([title, body]); } };
      Notification.permission = "granted";
      document.hasFocus = () => false;
      for (const name of ["desktop", "content", "sound"]) localStorage.setItem(`answerdesk.console.${name}`, "1");
    })()""")
    Console(page).log_in(office.url, "ana")
    text = '"><img src=x onerror=__pwned=1>'
    id, wire = throng.arriving(text, text)
    with wire:
        wire.do("send", id, text=text)
        wire.do("handoff", id)
    until(page, lambda: page.evaluate("told.length > 0"))
    assert text in str(page.evaluate("told"))
    watch.clean(page)
    shopper, shop = watched()
    shop.goto(f"{office.url}/chat?locale=en")
    expect(shop).to_have_title(f"Chat with {text}")
    expect(shop.locator(".greeting")).to_have_text("<script>__pwned=1</script>")
    shopper.clean(shop)


# ── frames ──

COMMANDS = ["setup", "shown", "user", "locale", "reset", "hello", "ready", "paint", "close", "unread"]


def test_the_list_of_commands_is_what_the_widget_and_the_chat_know() -> None:
    static = Path(__file__).parents[2] / "bot" / "web" / "static"
    chat, widget = ((static / name).read_text() for name in ("chat.js", "widget.js"))
    known = {*re.findall(r'host\.on\("(\w+)"', chat), *re.findall(r'\btell\("(\w+)"', chat + widget)}
    assert known == set(COMMANDS)


def test_a_third_frame_can_command_neither_the_widget_nor_the_chat(
    office: Office, watched: Enter, site: Callable[[str], str]
) -> None:
    shout = """<script>
      const all = COMMANDS.map((answerdesk) => ({ answerdesk, visible: false, locale: "zh", userToken: "x", page: "x",
        colours: { accent: "#ff0000" }, labels: { open: "pwned", close: "pwned" }, count: 7, label: "pwned" }));
      setInterval(() => {
        for (const one of all) for (const to of [parent, ...Array.from({ length: parent.length }, (_, n) => parent[n])])
          to.postMessage(one, "*");
      }, 20);
    </script>""".replace("COMMANDS", str(COMMANDS))
    hostile = site(shout).replace("localhost", "127.0.0.1")  # an origin that is neither the shop's nor ours
    script = f'<script async src="{office.url}/widget.js"></script>'
    watch, page = watched()
    watch.home = "http"
    page.goto(site(f'<html lang="en"><body><iframe src="{hostile}"></iframe>{script}'))
    chat = Chat(page).open()
    chat.say("What is article 3?")
    expect(chat.said).to_have_count(1)
    page.wait_for_timeout(400)
    expect(chat.panel).to_be_visible()
    expect(chat.said).to_have_count(1)
    expect(chat.frame.get_by_role("button", name="Send")).to_be_visible()
    expect(chat.launcher).not_to_have_attribute("aria-label", "pwned")
    assert "255, 0, 0" not in chat.launcher.evaluate("(button) => getComputedStyle(button).backgroundColor")


def test_no_site_can_frame_the_console(office: Office, watched: Enter, site: Callable[[str], str]) -> None:
    watch, page = watched()
    watch.home = "http"
    paths = ["/chat", "/console", "/console/answers", "/console/metrics", "/console/evidence", "/console/recall"]
    frames = "".join(f'<iframe name="{path}" src="{office.url}{path}"></iframe>' for path in paths)
    page.goto(site(frames))
    page.wait_for_timeout(500)
    shown = [path for path in paths if (framed := page.frame(path)) and framed.url.startswith(office.url)]
    assert shown == ["/chat"]
    assert len([one for one in watch.complaints if "frame-ancestors" in one]) == len(paths) - 1
