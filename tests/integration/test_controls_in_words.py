"""A control or a drawing of an extension is read as words, and a change of it is a version."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from support.policy_site import PolicySite

from generator.markdown.renderer import Renderer
from generator.versions.document import read_document

TABS: dict[str, Any] = {"pymdownx.tabbed": {}}
ALTERNATE: dict[str, Any] = {"pymdownx.tabbed": {"alternate_style": True}}
MATERIAL: dict[str, Any] = {"pymdownx.emoji": {}}


def shown(extension: str | dict[str, Any], text: str) -> str:
    return read_document(text.encode(), Renderer([extension], {})).html


@pytest.mark.parametrize(
    ("extension", "old", "new", "told"),
    [
        ("pymdownx.tasklist", "- [ ] sell your data", "- [x] sell your data", ["☐", "☑"]),
        (
            {"pymdownx.tasklist": {"custom_checkbox": True, "clickable_checkbox": True}},
            "- [ ] sell", "- [x] sell", ["☐", "☑"],
        ),
        (TABS, '=== "In Europe"\n\n    Ten days.', '=== "In Asia"\n\n    Ten days.', ["Europe", "Asia"]),
        (ALTERNATE, '=== "In Europe"\n\n    Ten days.', '=== "In Asia"\n\n    Ten days.', ["Europe", "Asia"]),
        (ALTERNATE, '=== "A"\n\n    Ten days.', '=== "A"\n\n    Two days.', ["Ten", "Two"]),
        (MATERIAL, "Yes :thumbsup:", "Yes :thumbsdown:", ["👍", "👎"]),
        ("abbr", "PD\n\n*[PD]: name", "PD\n\n*[PD]: name and health", ["name", "name and health"]),
        ("tables", "|a|b|\n|-|-|\n|c|d|e|", "|a|b|\n|-|-|\n|c|d|f|", ["e", "f"]),
        ("pymdownx.progressbar", "[=30% ]", "[=90% ]", ["30", "90"]),
        ("attr_list", "<input type=radio> a", "<input type=radio checked> a", ["○", "◉"]),
        ("attr_list", "<meter value=3 max=10></meter>", "<meter value=9 max=10></meter>", ["3", "9"]),
        ("attr_list", "<select><option>a<option>b</select>",
         "<select><option>a<option selected>b</select>", ["◉"]),
        ("attr_list", '<input value="ten">', '<input value="two">', ["ten", "two"]),
    ],
)  # fmt: skip
def test_a_change_of_a_control_is_a_version_and_is_marked(
    site: PolicySite, extension: Any, old: str, new: str, told: list[str]
) -> None:
    site.config["markdown_extensions"] = ["pymdownx.superfences", extension]
    site.publish("a.md", f"# A\n\n{old}\n", on=date(2026, 1, 1))
    site.publish("a.md", f"# A\n\n{new}\n", on=date(2026, 1, 2))
    site.build()
    changes = site.json("a/changes/2026-01-02/redline.json")["changes"]
    text = " ".join(change["text"] for change in changes)
    assert all(words in text for words in told)
    assert all(change["kind"] != "layout" for change in changes)
    assert all(words in site.page("a/versions/2026-01-02") for words in told[-1:])


def test_tabs_lie_open_each_with_its_label() -> None:
    text = '=== "In Europe"\n\n    Ten days.\n\n=== "Else *where*"\n\n    Ten years.\n'
    label = '<div class="ps-tab"><p class="ps-tab-label"><strong>'
    whole = (
        f'<div class="ps-tabs">{label}In Europe</strong></p>\n<p>Ten days.</p>\n</div>'
        f"{label}Else <em>where</em></strong></p>\n<p>Ten years.</p>\n</div></div>"
    )
    assert shown(TABS, text) == shown(ALTERNATE, text) == whole


def test_tabs_within_tabs_lie_open_too() -> None:
    text = '=== "A"\n\n    === "B"\n\n        One.\n\n    === "C"\n\n        Two.\n\n=== "D"\n\n    Three.\n'
    for extension in (TABS, ALTERNATE):
        html = shown(extension, text)
        places = [html.index(f">{words}<") for words in ("A", "B", "One.", "C", "Two.", "D", "Three.")]
        assert places == sorted(places)
        assert "tabbed" not in html
        assert "<input" not in html


def test_an_icon_is_its_name_and_an_emoji_itself_with_any_files_on_the_disk() -> None:
    from material.extensions import emoji  # noqa: PLC0415

    options: dict[str, Any] = {"emoji_index": emoji.twemoji, "emoji_generator": emoji.to_svg}
    options["options"] = {"custom_icons": ["overrides/.icons"]}
    html = shown({"pymdownx.emoji": options}, "Yes :material-check: :octicons-law-24: :smile:, not :made-up:")
    icons = '<span class="ps-icon">[check]</span> <span class="ps-icon">[law]</span>'
    assert html == f"<p>Yes {icons} 😄, not :made-up:</p>"


@pytest.mark.parametrize(
    "text",
    ["Plain.", "- a\n- b", "|a|b|\n|-|-|\n|c|d|", "|a|b|\n|-|-|\n|c|d| |", "a `<input>` b", "a & b < c"],
)
def test_what_has_no_control_is_as_it_was(text: str) -> None:
    import markdown  # noqa: PLC0415

    assert shown("tables", text) == markdown.markdown(text, extensions=["tables"])
