"""SPF records are read as RFC 7208 says, and cost what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from support.name_server import NameServer

from subscribers.doctor.spf import Result, WrongSpfError, evaluate, parse


@pytest.fixture
def server() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server


def result(server: NameServer, record: str, address: str = "198.51.100.5") -> Result:
    return evaluate(server.names(), "shop.example", record, ip_address(address)).result


@pytest.mark.parametrize(
    ("record", "address", "expected"),
    [
        ("v=spf1 ip4:198.51.100.0/24 -all", "198.51.100.5", Result.PASS),
        ("v=spf1 ip4:198.51.100.0/24 -all", "203.0.113.5", Result.FAIL),
        ("v=spf1 ip6:2001:db8::/32 ~all", "2001:db8::5", Result.PASS),
        ("v=spf1 ip4:198.51.100.0/24 ~all", "2001:db8::5", Result.SOFTFAIL),
        ("v=spf1 ?all", "198.51.100.5", Result.NEUTRAL),
        ("v=spf1", "198.51.100.5", Result.NEUTRAL),
        ("v=spf1 -ip4:198.51.100.5 +all", "198.51.100.5", Result.FAIL),
        ("V=SPF1 IP4:198.51.100.5 -ALL", "198.51.100.5", Result.PASS),
    ],
)
def test_the_first_match_decides(server: NameServer, record: str, address: str, expected: Result) -> None:
    assert result(server, record, address) is expected


def test_a_and_mx_name_hosts(server: NameServer) -> None:
    server.publish("shop.example", "A", "198.51.100.5")
    server.publish("shop.example", "MX", "10 mail.shop.example.")
    server.publish("mail.shop.example", "A", "198.51.100.9")
    server.publish("mail.shop.example", "AAAA", "2001:db8::9")

    assert result(server, "v=spf1 a -all", "198.51.100.5") is Result.PASS
    assert result(server, "v=spf1 a:mail.shop.example/24 -all", "198.51.100.77") is Result.PASS
    assert result(server, "v=spf1 mx -all", "198.51.100.9") is Result.PASS
    assert result(server, "v=spf1 mx//64 -all", "2001:db8::77") is Result.PASS
    assert result(server, "v=spf1 mx -all", "198.51.100.5") is Result.FAIL


def test_an_include_matches_only_what_it_passes(server: NameServer) -> None:
    server.publish("provider.example", "TXT", "v=spf1 ip4:198.51.100.5 -all")

    assert result(server, "v=spf1 include:provider.example ~all") is Result.PASS
    assert result(server, "v=spf1 include:provider.example ~all", "203.0.113.5") is Result.SOFTFAIL


def test_a_redirect_holds_where_nothing_else_does(server: NameServer) -> None:
    server.publish("provider.example", "TXT", "v=spf1 ip4:198.51.100.5 -all")

    assert result(server, "v=spf1 redirect=provider.example") is Result.PASS
    assert result(server, "v=spf1 redirect=provider.example", "203.0.113.5") is Result.FAIL
    assert result(server, "v=spf1 ~all redirect=provider.example") is Result.SOFTFAIL


def test_lookups_are_counted_past_the_match_and_through_includes(server: NameServer) -> None:
    server.publish("one.example", "TXT", "v=spf1 a:x.example mx:x.example -all")
    record = "v=spf1 ip4:198.51.100.5 include:one.example exists:x.example ptr ip4:192.0.2.0/24 -all"

    evaluation = evaluate(server.names(), "shop.example", record, ip_address("198.51.100.5"))

    assert evaluation.lookups == 5
    assert evaluation.voids == 3
    assert evaluation.uses_ptr


def test_a_macro_is_named_and_not_guessed(server: NameServer) -> None:
    evaluation = evaluate(
        server.names(), "shop.example", "v=spf1 exists:%{i}._spf.shop.example -all", ip_address("192.0.2.7")
    )

    assert evaluation.not_followed == ["exists:%{i}._spf.shop.example"]
    assert server.asked == []


def test_includes_that_form_a_cycle_are_refused(server: NameServer) -> None:
    server.publish("shop.example", "TXT", "v=spf1 include:shop.example -all")
    with pytest.raises(WrongSpfError, match="more than 40"):
        result(server, "v=spf1 include:shop.example -all")


@pytest.mark.parametrize("published", [(), ("v=spf1 -all", "v=spf1 +all")])
def test_an_include_needs_one_record(server: NameServer, published: tuple[str, ...]) -> None:
    server.publish("provider.example", "TXT", *published, "something else")
    with pytest.raises(WrongSpfError, match=r"provider\.example has"):
        result(server, "v=spf1 include:provider.example -all")


@pytest.mark.parametrize(
    "term",
    ["ipv4:192.0.2.1", "ip4:2001:db8::1", "ip4:300.0.2.1", "ip4", "include", "include:", "a/99", "all:x",
     "a:", "redirect=", "foo", "~", "exists"],
)  # fmt: skip
def test_what_is_no_term_is_named(term: str) -> None:
    with pytest.raises(WrongSpfError, match="“"):
        parse(f"v=spf1 {term} -all")


def test_an_unknown_modifier_changes_nothing() -> None:
    assert [term.name for term in parse("v=spf1 a note=hello -all").terms] == ["a", "all"]
