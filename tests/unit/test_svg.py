"""A picture stays a picture: nothing in it acts, nothing in it loads."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from generator.site.svg import UncleanableSvgError, clean_svg

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'


def cleaned(inside: str) -> str:
    return clean_svg(f"{OPEN}{inside}</svg>".encode()).decode()


@pytest.mark.parametrize(
    "inside",
    [
        "<script>planted()</script>",
        '<script href="https://planted.example/"/>',
        '<script xmlns="http://www.w3.org/1999/xhtml">planted()</script>',
        '<x:script xmlns:x="http://www.w3.org/2000/svg">planted()</x:script>',
        '<script xmlns="">planted()</script>',
        '<rect onload="planted()"/>',
        '<rect ONCLICK="planted()"/>',
        '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">planted</p></foreignObject>',
        '<iframe xmlns="http://www.w3.org/1999/xhtml" src="https://planted.example/"/>',
        '<a href="javascript:planted()"><text>words</text></a>',
        '<a xlink:href="https://planted.example/"><text>words</text></a>',
        '<use href="https://planted.example/#a"/>',
        '<use href="data:image/svg+xml;base64,planted"/>',
        '<image href="https://planted.example/a.png"/>',
        '<image href="planted.svg"/>',
        '<image xlink:href="data:image/svg+xml;base64,planted"/>',
        '<image href="data:text/html;base64,planted"/>',
        '<set attributeName="href" to="javascript:planted()"/>',
        '<animate attributeName="href" values="javascript:planted()"/>',
        '<rect style="fill:url(https://planted.example/)"/>',
        "<rect fill=\"url( 'https://planted.example/' )\"/>",
        '<rect style="fill:u\\72l(https://planted.example/)"/>',
        "<style>@import 'https://planted.example/';</style>",
        "<style>rect { fill: URL(\nhttps://planted.example/) }</style>",
        "<style>@font-face { src: url(https://planted.example/a.woff2) }</style>",
        '<style>rect { background: image-set("planted.png" 1x) }</style>',
        "<style>rect { f\\69ll: planted }</style>",
        '<g xml:base="https://planted.example/"><use href="#a"/></g>',
        '<metadata><x xmlns="https://planted.example/"/></metadata>',
        '<rect xmlns:i="https://planted.example/" i:planted="1"/>',
        '<?xml-stylesheet href="https://planted.example/"?>',
        "<video src='planted'/><audio/><handler type='planted'/><listener/>",
    ],
)
def test_a_picture_loses_everything_that_acts_or_loads(inside: str) -> None:
    shown = cleaned(f"{inside}<circle/>")
    assert "planted" not in shown
    assert "circle" in shown
    assert ET.fromstring(shown) is not None


@pytest.mark.parametrize(
    "inside",
    [
        '<defs><linearGradient id="g"><stop offset="0" stop-color="#fff" /></linearGradient></defs>',
        '<rect fill="url(#g)" style="stroke:url(\'#g\')" class="a" transform="rotate(1)" />',
        "<style>.a { fill: red; mask: url(#m) } /* note */</style>",
        "<style>@font-face { src: url(data:font/woff2;base64,AAAA) }</style>",
        '<use xlink:href="#g" /><use href="#g" />',
        '<image href="data:image/png;base64,AAAA" width="1" />',
        '<text xml:lang="ru" xml:space="preserve">Схема &amp; <tspan>слова</tspan> после</text>',
        '<title>Who sees what</title><desc>Online</desc><switch systemLanguage="en"><g /></switch>',
    ],
)
def test_elements_that_only_draw_stay(inside: str) -> None:
    assert inside in cleaned(inside)


def test_the_words_of_a_link_stay() -> None:
    shown = cleaned('<text>See <a href="x">our <tspan>terms</tspan></a>.</text><a href="y"><path /></a>')
    assert "<text>See <tspan>our <tspan>terms</tspan></tspan>.</text><g><path /></g>" in shown


def test_words_after_a_removed_element_stay() -> None:
    assert "<text>a b c</text>" in cleaned("<text>a <script/>b <set/>c</text>")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "not well-formed"),
        (b"<svg>", "not well-formed"),
        (b"<svg></svg>", "not an SVG picture"),
        (b"<html xmlns='http://www.w3.org/1999/xhtml'/>", "not an SVG picture"),
        (OPEN.encode() + b"<b/>\xff</svg>", "not UTF-8"),
        (f"{OPEN}</svg>".encode("utf-16"), "not UTF-8"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + OPEN.encode() + b"&a;</svg>", "entities"),
        (OPEN.encode() + b"&undeclared;</svg>", "not well-formed"),
        (OPEN.encode() + b"<g>" * 5_000 + b"</g>" * 5_000 + b"</svg>", "too deeply"),
        (OPEN.encode() + b" " * 5_000_000 + b"</svg>", "larger than 5 MB"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_picture_that_cannot_be_read_safely_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(UncleanableSvgError, match=why):
        clean_svg(raw)


def test_a_harmless_picture_stays_as_it_is_to_the_byte() -> None:
    picture = f"<?xml version='1.0'?><!-- a -->{OPEN}\r\n<g  fill='#fff'/>  <text>a &lt; b</text></svg>\n"
    assert clean_svg(picture.encode()) == picture.encode()


def test_a_cleaned_picture_is_clean() -> None:
    once = clean_svg(f'{OPEN}<style>a{{}}</style><text>a<tspan x="1"/> b</text></svg>'.encode())
    assert clean_svg(once) == once
