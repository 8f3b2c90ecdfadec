"""A company's colours reach the pages, and text in them is legible on each background."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import material
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.site.brand import (
    ACCENT,
    DARK_ACCENT,
    DARK_GROUNDS,
    DEFAULT_PALETTE,
    LEGIBLE,
    LIGHT_ACCENT,
    LIGHT_GROUNDS,
    PLAIN_HEADERS,
    PRIMARY,
    brand_style,
    contrast,
    read_brand,
)

NAMES = [*PRIMARY, *PLAIN_HEADERS]
STYLE = Path(__file__).parents[2] / "generator" / "templates" / "assets" / "policysite.css"


def themes_own() -> str:
    [file] = Path(material.__file__).parent.glob("templates/assets/stylesheets/palette.*.css")
    return file.read_text(encoding="utf8")


@pytest.mark.parametrize(("kind", "colours"), [("primary", PRIMARY), ("accent", ACCENT)])
def test_the_theme_has_the_same_colours_by_the_same_names(kind: str, colours: dict[str, str]) -> None:
    named = set(re.findall(rf"data-md-color-{kind}=([a-z-]+)\]", themes_own()))
    assert named - {"white", "black"} == set(colours)
    for name, colour in colours.items():
        rules = re.findall(rf"\[data-md-color-{kind}={name}\]\{{([^}}]*)\}}", themes_own())
        shown = re.findall(rf"--md-{kind}-fg-color:(#[0-9a-f]+)", " ".join(rules))
        assert shown in ([colour], [colour.replace("aa00", "a0").replace("#ffa0", "#fa0")], [])


@pytest.mark.parametrize(
    ("primary", "accent"), [*product(NAMES, ["teal", None]), *product(["indigo"], ACCENT)]
)
def test_a_named_colour_is_legible_as_text_in_both_schemes(primary: str, accent: str | None) -> None:
    brand = read_brand({"primary": primary.replace("-", " ")} | ({"accent": accent} if accent else {}), ())
    for colours, grounds in ((brand.light, LIGHT_GROUNDS), (brand.dark, DARK_GROUNDS)):
        for ground in grounds:
            assert contrast(colours.accent, ground) >= LEGIBLE
            assert contrast(colours.hover, ground) >= LEGIBLE
        assert colours.header
        assert colours.header_text
        assert contrast(colours.header_text, colours.header) >= LEGIBLE


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_any_colour_of_a_style_is_legible_as_text(channels: tuple[int, int, int]) -> None:
    colour = "#{:02x}{:02x}{:02x}".format(*channels)
    style = f":root {{ --md-primary-fg-color: {colour}; }}"
    brand = read_brand({"primary": "custom"}, [style])
    assert brand.light.header == colour
    assert all(contrast(brand.light.accent, ground) >= LEGIBLE for ground in LIGHT_GROUNDS)
    assert all(contrast(brand.dark.accent, ground) >= LEGIBLE for ground in DARK_GROUNDS)


@pytest.mark.parametrize(
    ("written", "read"),
    [("#EE0F0F", "#ee0f0f"), ("#e00", "#ee0000"), ("rgb(238, 15, 15)", "#ee0f0f"), ("#ee0f0fcc", "#ee0f0f")],
)
def test_a_custom_colour_is_read_however_it_is_written(written: str, read: str) -> None:
    style = f"/* --md-primary-fg-color: #000; */ :root > * {{\n  --md-primary-fg-color : {written}\n}}"
    assert read_brand({"scheme": "default", "primary": "custom"}, [style]).light.header == read


def test_a_colour_that_needs_no_change_stays() -> None:
    assert read_brand({"primary": "indigo"}, ()).light.accent == PRIMARY["indigo"]


def test_each_scheme_has_its_own_colours() -> None:
    palette = [{"scheme": "default", "primary": "red"}, {"scheme": "slate", "primary": "teal"}]
    brand = read_brand(palette, ())
    assert (brand.light.header, brand.dark.header) == (PRIMARY["red"], PRIMARY["teal"])


@pytest.mark.parametrize("palette", [None, {}, [], DEFAULT_PALETTE, {"scheme": "default"}, "odd", [None, 1]])
def test_a_company_without_colours_has_the_default_ones(palette: object) -> None:
    brand = read_brand(palette, ["body { color: red }"])
    assert brand_style(brand) == ""
    assert (brand.light.accent, brand.dark.accent) == (LIGHT_ACCENT, DARK_ACCENT)


def test_a_white_header_keeps_links_that_can_be_seen() -> None:
    brand = read_brand({"primary": "white"}, ())
    assert brand.light.header == "#ffffff"
    assert brand.light.accent == LIGHT_ACCENT


def test_the_grounds_and_accents_are_those_of_the_style() -> None:
    style = STYLE.read_text(encoding="utf8")
    light, dark = style.split('[data-md-color-scheme="slate"] {')[:2]
    for part, grounds, accent in ((light, LIGHT_GROUNDS, LIGHT_ACCENT), (dark, DARK_GROUNDS, DARK_ACCENT)):
        found = dict(re.findall(r"--ps-([\w-]+): (#[0-9a-f]{6});", part.split("}")[0]))
        assert (found["ground"], found["raised"], found["accent"]) == (*grounds, accent)
