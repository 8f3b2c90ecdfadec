"""Links in a message lead to the hosts that the operator named, however a URL is spelled."""

from __future__ import annotations

import pytest

from subscribers.messages.excerpt import clean, excerpt
from subscribers.messages.links import LinkTargets

TARGETS = LinkTargets.of(
    "https://policies.example/legal/", hosts=("shop.example", "магазин.рф"), contact="privacy@firm.example"
)


@pytest.mark.parametrize(
    "url",
    [
        "https://policies.example/anything?a=1#b",
        "http://POLICIES.example:8080/",
        "https://policies.example",
        "https://shop.example/rights",
        "https://xn--80aairftm.xn--p1ai/",
        "https://МАГАЗИН.рф/права",
        "mailto:privacy@firm.example?subject=x",
        "mailto:anybody@shop.example",
    ],
)
def test_a_link_may_lead_to_a_named_host(url: str) -> None:
    assert TARGETS.allow(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/",
        "https://policies.example.other.example/",
        "https://other.example/policies.example",
        "https://policies.example@other.example/",
        "https://other.example\\@policies.example/",
        "https://policies.example\\.other.example/",
        "https://other.example?policies.example/",
        "https://other.example#@policies.example/",
        "https:policies.example",
        "https:///other.example/",
        "//policies.example/",
        "https://policies.example /x",
        "https://policies.example/x y",
        "ftp://policies.example/",
        "mailto:x@other.example",
        "mailto:privacy@firm.example,x@other.example",
        "mailto:someone.else@firm.example",
        "mailto:x@other.example?to=privacy@firm.example",
        "tel:+4930123456",
        "",
    ],
)
def test_a_link_may_lead_nowhere_else(url: str) -> None:
    assert not TARGETS.allow(url)


@pytest.mark.parametrize(
    ("markup", "printed"),
    [
        (
            '<a href="https://other.example/login">https://policies.example/login</a>',
            "https://policies.example/login (https://other.example/login)",
        ),
        ('<a href="https://other.example/a">https://other.example/a</a>', "https://other.example/a"),
        ('<a href="https://other.example/?a=1&amp;b=2">t</a>', "t (https://other.example/?a=1&amp;b=2)"),
        ('<a href="mailto:x@other.example"><em>write</em></a>', "<em>write</em> (x@other.example)"),
        ('<a href="tel:+4930123456">+4930123456</a>', "+4930123456"),
        ('<a href="//other.example/x">here</a>', "here"),
        ("<a>here</a>", "here"),
        ('<a href="https://other.example/&quot;onclick=x">t</a>', 't (https://other.example/"onclick=x)'),
        ("<a href='https://other.example/><b>'>t</a>", "t (https://other.example/&gt;&lt;b&gt;)"),
    ],
)
def test_another_url_is_printed_as_text(markup: str, printed: str) -> None:
    assert clean(markup, TARGETS) == printed


def test_a_link_to_the_site_stays_a_link() -> None:
    markup = '<a href="https://policies.example/legal/#x">the <ins>new</ins> clause</a>'
    assert clean(markup, TARGETS) == markup


@pytest.mark.parametrize("unit", ["<div>", "<p><ul><li>", "<a href='x'><div>", "<table><tr><td>", "<dl><dt>"])
def test_markup_nested_deeper_than_a_build_makes_it_is_left_out(unit: str) -> None:
    left_out = excerpt(unit * 60_000, "words", limit_bytes=60_000, targets=TARGETS)
    assert (left_out.html, left_out.text, left_out.is_whole) == ("", "", False)


def test_lines_and_rules_do_not_count_as_depth() -> None:
    whole = excerpt("<p>" + "one<br>two<hr/>" * 500 + "</p>", "words", limit_bytes=60_000, targets=TARGETS)
    assert whole.is_whole
