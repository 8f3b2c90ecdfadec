"""SPF records are read as RFC 7208 says, and evaluated for an address as a receiver would."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from support.name_server import NameServer

from subscribers.doctor.dns_queries import UnansweredError
from subscribers.doctor.published_records import Spf, WrongRecordError, read_spf


@pytest.fixture
def server() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server


def result(server: NameServer, record: str, address: str = "198.51.100.5") -> str:
    return read(server, record).result(server.names(), ip_address(address))[0]


def read(server: NameServer, record: str) -> Spf:
    server.records["shop.example", "TXT"] = []
    server.publish("shop.example", "TXT", record)
    found = read_spf(server.names(), "shop.example")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("record", "address", "expected"),
    [
        ("v=spf1 ip4:198.51.100.0/24 -all", "198.51.100.5", "pass"),
        ("v=spf1 ip4:198.51.100.0/24 -all", "203.0.113.5", "fail"),
        ("v=spf1 ip6:2001:db8::/32 ~all", "2001:db8::5", "pass"),
        ("v=spf1 ip4:198.51.100.0/24 ~all", "2001:db8::5", "softfail"),
        ("v=spf1 ?all", "198.51.100.5", "neutral"),
        ("v=spf1", "198.51.100.5", "neutral"),
        ("v=spf1 -ip4:198.51.100.5 +all", "198.51.100.5", "fail"),
        ("V=SPF1 IP4:198.51.100.5 -ALL", "198.51.100.5", "pass"),
    ],
)
def test_the_first_match_decides(server: NameServer, record: str, address: str, expected: str) -> None:
    assert result(server, record, address) == expected


def test_a_and_mx_name_hosts(server: NameServer) -> None:
    server.publish("shop.example", "A", "198.51.100.5")
    server.publish("shop.example", "MX", "10 mail.shop.example.")
    server.publish("mail.shop.example", "A", "198.51.100.9")
    server.publish("mail.shop.example", "AAAA", "2001:db8::9")

    assert result(server, "v=spf1 a -all", "198.51.100.5") == "pass"
    assert result(server, "v=spf1 a:mail.shop.example/24 -all", "198.51.100.77") == "pass"
    assert result(server, "v=spf1 mx -all", "198.51.100.9") == "pass"
    assert result(server, "v=spf1 mx -all", "2001:db8::9") == "pass"
    assert result(server, "v=spf1 mx -all", "198.51.100.5") == "fail"


def test_an_include_matches_only_what_it_passes(server: NameServer) -> None:
    server.publish("provider.example", "TXT", "v=spf1 ip4:198.51.100.5 -all")

    assert result(server, "v=spf1 include:provider.example ~all") == "pass"
    assert result(server, "v=spf1 include:provider.example ~all", "203.0.113.5") == "softfail"


def test_a_redirect_holds_where_nothing_else_does(server: NameServer) -> None:
    server.publish("provider.example", "TXT", "v=spf1 ip4:198.51.100.5 -all")

    assert result(server, "v=spf1 redirect=provider.example") == "pass"
    assert result(server, "v=spf1 redirect=provider.example", "203.0.113.5") == "fail"
    assert result(server, "v=spf1 ~all redirect=provider.example") == "softfail"


def test_lookups_are_counted_past_the_match_and_through_includes(server: NameServer) -> None:
    server.publish("x.example", "A", "198.51.100.7")
    server.publish("x.example", "MX", "10 x.example.")
    server.publish("one.example", "TXT", "v=spf1 a:x.example mx:x.example -all")
    record = "v=spf1 ip4:198.51.100.5 include:one.example exists:x.example ptr:x.example -all"

    found = read(server, record)
    assert (found.record, found.lookups, found.is_beyond_limit) == (record, 5, False)
    assert any("ptr" in fault for fault in found.warnings)


@pytest.mark.parametrize(
    ("record", "voids"),
    [
        ("v=spf1 " + "a:x.example " * 11 + "-all", None),
        ("v=spf1 include:many.example a:x.example -all", None),
        ("v=spf1 a:1.example a:2.example a:3.example -all", 3),
    ],
)
def test_a_record_that_takes_too_many_lookups_is_recognised(
    server: NameServer, record: str, voids: int | None
) -> None:
    server.publish("x.example", "A", "198.51.100.7")
    server.publish("many.example", "TXT", "v=spf1 " + "a:x.example " * 9 + "-all")

    found = read(server, record)
    assert found.is_beyond_limit
    assert found.voids_beyond_limit == voids


@pytest.mark.parametrize(
    "term",
    ["exists:%{i}._spf.shop.example", "include:%{i}.shop.example", "a:%{i}.shop.example", "redirect=%{d}"],
)
def test_a_macro_is_named_and_not_guessed(server: NameServer, term: str) -> None:
    found, not_followed = read(server, f"v=spf1 {term}").result(server.names(), ip_address("192.0.2.7"))

    assert found == "neutral"
    assert [named.partition("=")[0] for named in not_followed] == [term.partition("=")[0]]


def test_includes_that_form_a_cycle_are_refused(server: NameServer) -> None:
    with pytest.raises(WrongRecordError, match="loop"):
        read(server, "v=spf1 include:shop.example -all")


@pytest.mark.parametrize("published", [(), ("v=spf1 -all", "v=spf1 +all")])
def test_an_include_needs_one_record(server: NameServer, published: tuple[str, ...]) -> None:
    server.publish("provider.example", "TXT", *published, "something else")
    with pytest.raises(WrongRecordError, match=r"SPF"):
        read(server, "v=spf1 include:provider.example -all")


@pytest.mark.parametrize("kind", ["TXT", "A"])
@pytest.mark.parametrize("fault", ["broken", "silent"])
def test_nothing_is_concluded_from_an_include_that_nobody_answers_for(
    server: NameServer, fault: str, kind: str
) -> None:
    getattr(server, fault).add("provider.example")
    server.publish(
        "shop.example", "TXT", f"v=spf1 {'include' if kind == 'TXT' else 'a'}:provider.example -all"
    )
    with pytest.raises(UnansweredError, match=f"provider.example {kind}"):
        read_spf(server.names(lifetime_seconds=0.3), "shop.example")


@pytest.mark.parametrize(
    "term",
    ["ipv4:192.0.2.1", "ip4:2001:db8::1", "ip4:300.0.2.1", "ip4", "include", "include:", "a/99", "all:x",
     "a:", "redirect=", "foo", "~", "exists"],
)  # fmt: skip
def test_what_is_no_term_makes_the_record_wrong(server: NameServer, term: str) -> None:
    with pytest.raises(WrongRecordError):
        read(server, f"v=spf1 {term} -all")


def test_an_unknown_modifier_changes_nothing(server: NameServer) -> None:
    server.publish("shop.example", "A", "198.51.100.5")
    assert read(server, "v=spf1 a note=hello -all").lookups == 1
    assert result(server, "v=spf1 a note=hello -all") == "pass"
