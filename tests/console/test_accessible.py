"""What a person with a keyboard, a screen reader or poor sight needs: checked on the pages as they are sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

import sync.central.console
from sync.central.console.phrases import ENGLISH
from sync.central.console.roles import Right, Role, may
from sync.central.console.ways import WAYS
from tests.console.practice import PracticeTerminal
from tests.console.staff import Tab

OpenTab = Callable[..., Tab]
CONSOLE = Path(sync.central.console.__file__).parent
STYLE = (CONSOLE / "style.css").read_text(encoding="utf-8")
TOKENS = dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6});", STYLE))
TEXT_PAIRS = (
    ("ink", "paper"),
    ("ink", "card"),
    ("ink", "tint"),
    ("soft", "paper"),
    ("soft", "card"),
    ("soft", "tint"),
    ("primary", "card"),
    ("primary", "paper"),
    ("primary", "tint"),
    ("on-bar", "bar"),
    ("on-bar", "primary"),
    ("on-bar", "grave"),
    ("good", "good-tint"),
    ("warn", "warn-tint"),
    ("grave", "grave-tint"),
    ("grave", "card"),
)
EDGE_PAIRS = (
    ("border", "card"),
    ("focus", "paper"),
    ("focus", "card"),
    ("focus-on-bar", "bar"),
    ("warn", "card"),
)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""

    def luminance(colour: str) -> float:
        channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_has_contrast_beyond_aa() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    for text, ground in TEXT_PAIRS:
        assert contrast(TOKENS[text], TOKENS[ground]) >= 7, f"{text} on {ground}"


def test_edges_and_focus_have_contrast() -> None:
    for edge, ground in EDGE_PAIRS:
        assert contrast(TOKENS[edge], TOKENS[ground]) >= 3, f"{edge} on {ground}"


def test_the_colours_are_those_of_the_terminals() -> None:
    theme = (CONSOLE.parents[2] / "ui/qml/KioskUi/Theme.qml").read_text(encoding="utf-8")
    standard = theme[theme.index("property Colours standard") :]
    names = {
        "bar": "bar",
        "paper": "paper",
        "card": "card",
        "ink": "ink",
        "soft": "inkSoft",
        "primary": "primary",
        "tint": "tint",
        "border": "border",
        "hairline": "hairline",
        "focus": "focus",
        "good": "good",
        "good-tint": "goodTint",
        "grave": "trouble",
        "grave-tint": "troubleTint",
        "warn-tint": "guideTint",
    }
    for token, name in names.items():
        found = re.search(rf"\b{name}: \"(#[0-9A-F]{{6}})\"", standard)
        assert found is not None
        assert TOKENS[token] == found[1], token


class Page(HTMLParser):
    """What a screen reader would ask of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.fields: list[dict[str, str]] = []
        self.nameless: list[str] = []
        self.heads_without_scope = 0
        self.buttons_open: list[list[str]] = []
        self.in_label = 0
        self.attributes: set[str] = set()
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.attributes |= given.keys()
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label":
            self.labelled.add(given.get("for", ""))
            self.in_label += 1
        field = tag in ("select", "textarea") or (tag == "input" and given.get("type") != "hidden")
        if field and not self.in_label and "aria-label" not in given:
            self.fields.append(given)
        if tag == "th" and "scope" not in given:
            self.heads_without_scope += 1
        if tag in ("button", "a", "summary"):
            self.buttons_open.append([given.get("aria-label", "")])
        if tag == "svg" and not (
            given.get("aria-hidden") or given.get("aria-label") or given.get("class") == "segno"
        ):
            self.nameless.append("svg")

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self.in_label -= 1
        if tag in ("button", "a", "summary") and not "".join(self.buttons_open.pop()).strip():
            self.nameless.append(tag)

    def handle_data(self, data: str) -> None:
        for parts in self.buttons_open:
            parts.append(data)


def test_every_page_has_its_title_headings_labels_and_landmarks(
    open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    receipt = terminal.send(terminal.entry())[0]
    terminal.send(terminal.entry(spoil=True))
    visited = set()
    for role in Role:
        tab = open_tab(role)
        texts = (
            [tab.post("/accounts", name="wang.wu", role="viewer").text] if role is Role.ADMINISTRATOR else []
        )
        for way in WAYS:
            if way.method == "GET" and may(role, way.right) and not way.path.endswith(".csv"):
                visited.add(way.path)
                path = way.path.replace("{terminal}", terminal.id).replace("{receipt}", receipt)
                texts.append(tab.get(path).text)
        for text in filter(None, texts):
            _check(text)
    _check(open_tab().get("/sign-in").text)
    assert visited == {w.path for w in WAYS if w.method == "GET" and not w.path.endswith(".csv")}
    assert Right.ANYBODY


def _check(text: str) -> None:
    title = re.search("<title>(.+?)</title>", text)
    assert title is not None
    page, where = Page(text), title[1]
    assert page.headings[0] == 1, where
    assert page.headings.count(1) == 1, where
    assert all(
        after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False)
    ), where
    assert len(page.ids) == len(set(page.ids)), where
    assert all(field.get("id") in page.labelled for field in page.fields), (where, page.fields)
    assert page.nameless == [], where
    assert page.heads_without_scope == 0, where
    assert {"main", "header", "footer"} <= page.tags, where
    assert 'href="#content"' in text, where
    assert "script" not in page.tags, where
    assert not [name for name in page.attributes if name.startswith("on") or name == "style"], where


def test_every_phrase_has_its_english() -> None:
    said = set()
    for file in (CONSOLE / "templates").glob("*.html"):
        said |= set(re.findall(r'_\("([^"]+)"', file.read_text(encoding="utf-8")))
    for file in CONSOLE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if file.name not in ("words.py", "phrases.py"):
            said |= {
                found for found in re.findall(r'"([^"\n]*)"', text) if re.fullmatch(r"[^(]*[一-鿿].*", found)
            }
    said = {phrase for phrase in said if not phrase.endswith(("(办不成事).", "、"))}
    missing = {phrase for phrase in said if phrase not in ENGLISH}
    assert missing == set()
    for chinese, english in ENGLISH.items():
        assert set(re.findall("{.*?}", chinese)) == set(re.findall("{.*?}", english)), chinese


def test_no_word_of_a_form_is_missing_in_english(open_tab: OpenTab, terminal: PracticeTerminal) -> None:
    tab = open_tab(Role.OPERATOR, language="en")
    terminal.send(terminal.entry())
    for path in (
        "/terminals",
        f"/terminals/{terminal.id}",
        "/cases",
        "/entries",
        "/codes",
        "/ledger",
        "/ratings",
    ):
        text = re.sub("<[^>]*>", " ", tab.get(path).text).replace("中文", "")
        assert not re.findall("[一-鿿]+", text), path
