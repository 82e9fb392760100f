# SPDX-License-Identifier: Apache-2.0
"""What assistive technology and browsers without JavaScript get: every page is held to the same short list."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from tests.unit.web.browsing import ADA, GRACE, SIGN, World, form_in, worlds
from tests.unit.web.desk import NOW, item, to_sign

from tieout.desks.sign_off_desk import SignOffStanding

VOID = {"meta", "link", "input", "br", "img"}
RTL = "\u0645\u062d\u0645\u062f \u0627\u0644\u0639\u0644\u064a"


class Outline(HTMLParser):
    """Elements in order, each with its attributes, its ancestors and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str], tuple[str, ...], list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(text)
        self.close()
        assert self._open == [], "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        assert len(said) == len(attrs), f"an attribute twice: {tag} {attrs}"
        words: list[str] = []
        self.elements.append((tag, said, tuple(name for name, _ in self._open), words))
        if tag not in VOID:
            self._open.append((tag, words))

    def handle_endtag(self, tag: str) -> None:
        name, _ = self._open.pop()
        assert name == tag, f"{tag} closes {name}"

    def handle_data(self, data: str) -> None:
        for _, words in self._open:
            words.append(data)

    def all(self, *tags: str) -> list[tuple[str, dict[str, str], tuple[str, ...], list[str]]]:
        return [each for each in self.elements if each[0] in tags]

    def by_id(self) -> dict[str, str]:
        return {said["id"]: "".join(words).strip() for _, said, _, words in self.elements if "id" in said}


def pages(world: World) -> dict[str, str]:
    """Return one page of each kind."""
    world.desk.change("1-ada", 2, title=RTL * 9, holder=None, flags=("privileged", "orphaned"))
    world.desk.known[str(item(3).holder)] = "\u202e" + RTL
    found = {"tasks": world.get("/tieout/").text, "page": world.get(ADA).text}
    form = form_in(world.get(ADA))
    found["wrong"] = world.post(form.choose("keep").choose("revoke", "", 2, 3)).text
    world.desk.down = {"answer"}
    found["again"] = world.post(form.choose("keep")).text
    world.desk.down = set()
    found["receipt"] = world.post(form.choose("keep").choose("revoke", RTL, 2)).text
    found["end"] = world.get(f"{ADA}?after={item(20).id}").text
    found["elsewhere"] = world.post(form, headers={}).text
    found |= {"none": world.get(GRACE).text, "nobody": world.get("/tieout/", user="").text}
    world.post(form_in(world.get(ADA)).choose("keep"))
    return found | {"done": world.get("/tieout/").text, "finished": world.get(ADA).text, **sign_off_pages(world)}


def sign_off_pages(world: World) -> dict[str, str]:
    """Return one page of each kind of a sign-off."""
    before = SignOffStanding(False, NOW, "0" * 32)
    world.desk.to_sign = to_sign(title=RTL * 9, lines=(RTL, "", "- one", "  - \u202etwo"), standing=before)
    found = {"to sign": world.get("/tieout/", user="grace").text, "sign off": world.get(SIGN, user="grace").text}
    form = form_in(world.get(SIGN, user="grace"))
    found["not said why"] = world.post(form.say("return"), user="grace").text
    found["not said"] = world.post(form_in(world.get(SIGN, user="grace")), user="grace").text
    found["signed"] = world.post(form.say("approve"), user="grace").text
    return found | {"signed before": world.get(SIGN, user="grace").text, "nothing to sign": world.get(SIGN).text}


REVIEWED = ("tasks", "page", "wrong", "again", "receipt", "end", "elsewhere", "none", "nobody", "done", "finished")
KINDS = [*REVIEWED, "to sign", "sign off", "not said", "not said why", "signed", "signed before", "nothing to sign"]


@pytest.fixture(scope="module")
def outlines() -> dict[str, Outline]:
    """Return one page of each kind, made once."""
    [found] = [{kind: Outline(text) for kind, text in pages(world).items()} for world in worlds()]
    assert sorted(found) == sorted(KINDS)
    return found


def test_every_page_has_a_language_a_title_one_heading_and_landmarks(outlines: dict[str, Outline]) -> None:
    titles = set()
    for kind, outline in outlines.items():
        [(_, html, _, _)] = outline.all("html")
        assert (html["lang"], html["dir"]) == ("en", "ltr")
        [(_, _, _, title)] = outline.all("title")
        titles.add("".join(title))
        assert len(outline.all("main")) == len(outline.all("header")) == len(outline.all("nav")) == 1, kind
        levels = [int(tag[1]) for tag, *_ in outline.all("h1", "h2", "h3", "h4")]
        assert levels.count(1) == 1, kind
        assert all(after - before <= 1 for before, after in pairwise(levels)), (kind, levels)
    assert len(titles) >= 8


def test_ids_are_there_once_and_what_refers_to_them_finds_them(outlines: dict[str, Outline]) -> None:
    for kind, outline in outlines.items():
        ids = [said["id"] for _, said, _, _ in outline.elements if "id" in said]
        assert len(ids) == len(set(ids)), kind
        for _, said, _, _ in outline.elements:
            for name in ("for", "aria-labelledby", "aria-describedby"):
                assert set(said.get(name, "").split()) <= set(ids), (kind, said)
            if said.get("href", "").startswith("#"):
                assert said["href"][1:] in ids, (kind, said)


def test_every_field_has_a_label_and_every_link_and_button_has_words(outlines: dict[str, Outline]) -> None:
    for kind, outline in outlines.items():
        labelled = {said["for"] for _, said, _, _ in outline.all("label") if "for" in said}
        for tag, said, inside, _ in outline.all("input", "textarea", "select"):
            if said.get("type") == "hidden" or "hidden" in said:
                continue
            assert "label" in inside or said["id"] in labelled, (kind, tag, said)
            assert "fieldset" in inside
        for _, said, _, words in outline.all("a", "button", "th", "legend", "label", "caption"):
            assert "".join(words).strip(), (kind, said)


def test_each_item_is_a_group_of_its_own_that_names_it(outlines: dict[str, Outline]) -> None:
    outline = outlines["page"]
    ids = outline.by_id()
    assert len(outline.all("fieldset")) == len(outline.all("legend")) == 15
    groups = [said for _, said, _, _ in outline.elements if said.get("role") == "radiogroup"]
    assert [ids[said["aria-labelledby"]] for said in groups] == [f"Decision on {number}" for number in range(1, 16)]
    [second] = [said for _, said, _, _ in outline.all("fieldset") if said.get("aria-describedby") == "flags-2"]
    assert "privileged" in ids[second["aria-describedby"]]
    assert "not known" in "".join(word for _, _, _, words in outline.all("dd") for word in words)


def test_errors_are_at_their_fields_and_above_and_take_the_focus(outlines: dict[str, Outline]) -> None:
    outline = outlines["wrong"]
    ids = outline.by_id()
    wrong = [said for _, said, _, _ in outline.elements if said.get("aria-invalid") == "true"]
    assert [said["id"] for said in wrong] == ["reason-2", "reason-3"]
    assert all(ids[said["aria-describedby"]] == "A reason is needed for “revoke”." for said in wrong)
    links = [said["href"] for _, said, inside, _ in outline.all("a") if "li" in inside]
    assert links == ["#reason-2", "#reason-3"]
    [(_, title)] = [(tag, "".join(words)) for tag, _, _, words in outline.all("title")]
    assert title.startswith("Not stored: ")


@pytest.mark.parametrize("kind", ["wrong", "again", "receipt", "none", "elsewhere", "nobody"])
def test_what_has_just_happened_takes_the_focus(outlines: dict[str, Outline], kind: str) -> None:
    [focused] = [said for _, said, _, _ in outlines[kind].elements if "autofocus" in said]
    assert focused["tabindex"] == "-1"
    assert focused["role"] in ("alert", "status")


def test_no_order_of_focus_but_that_of_the_page(outlines: dict[str, Outline]) -> None:
    for outline in outlines.values():
        assert {said["tabindex"] for _, said, _, _ in outline.elements if "tabindex" in said} <= {"0", "-1"}
        first = next(said for tag, said, _, _ in outline.elements if tag in ("a", "button", "input"))
        assert first["class"] == "skip"


def test_no_script_or_style_stands_in_a_page(outlines: dict[str, Outline]) -> None:
    for kind, outline in outlines.items():
        for tag, said, _, words in outline.elements:
            assert not [name for name in said if name.startswith("on") or name in ("style", "srcdoc")], (kind, said)
            assert "javascript:" not in str(said).lower()
            assert tag not in ("style", "iframe", "object", "embed", "base")
            for name in ("src", "href", "action"):
                assert said.get(name, "/").startswith(("/tieout/", "#", "/")), (kind, said)
                assert not said.get(name, "").startswith("//")
            assert tag != "script" or not "".join(words).strip()


def test_text_of_others_keeps_its_direction_to_itself(outlines: dict[str, Outline]) -> None:
    holding = [(*inside, tag) for tag, _, inside, words in outlines["page"].elements if RTL in "".join(words)]
    deepest = max(holding, key=len)
    assert "bdi" in deepest
    [(_, reason, _, _)] = [each for each in outlines["receipt"].all("td") if RTL in "".join(each[3])]
    assert reason["dir"] == "auto"


def test_forms_work_without_javascript(outlines: dict[str, Outline]) -> None:
    for kind in ("page", "wrong", "again"):
        [(_, form, _, _)] = outlines[kind].all("form")
        assert form["method"] == "post"
        [(_, button, inside, _)] = outlines[kind].all("button")
        assert button["type"] == "submit"
        assert "form" in inside


COLOURS = re.compile(r"--([a-z-]+): #([0-9a-f]{6});")
READ = [
    ("text", "ground", 7.0),
    ("text", "raised", 7.0),
    ("quiet", "raised", 7.0),
    ("quiet", "ground", 7.0),
    ("link", "ground", 7.0),
    ("link", "raised", 7.0),
    ("on-button", "button", 7.0),
    ("on-flag", "flag", 7.0),
    ("wrong", "ground", 7.0),
    ("wrong", "raised", 7.0),
    ("edge", "ground", 3.0),
    ("edge", "raised", 3.0),
    ("focus", "ground", 3.0),
    ("focus", "raised", 3.0),
]


def brightness(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_stand_out_from_what_is_behind_them_in_both_themes(world: World) -> None:
    css = world.get("/tieout/static/tieout.css").text
    themes = [dict(COLOURS.findall(block)) for block in re.split(r"(?<!-)color-scheme:", css)[1:]]
    assert len(themes) == 3
    assert themes[1] == themes[2]
    assert themes[0] != themes[1]
    for theme in themes[:2]:
        for front, behind, least in READ:
            lighter, darker = sorted((brightness(theme[front]), brightness(theme[behind])), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= least, (front, behind)
    assert re.findall(r"#[0-9a-f]{3,8}\b", re.sub(COLOURS, "", css)) == []
