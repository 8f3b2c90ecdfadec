"""Every kind of answer of a name server is recognised, over real DNS on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import ip_address

import dns.resolver
import pytest
from support.name_server import NameServer

from subscribers.doctor.dns_queries import Names, UnansweredError


@pytest.fixture
def server() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server


def test_a_name_that_does_not_exist_is_no_name_without_a_record(server: NameServer) -> None:
    server.publish("shop.example", "A", "192.0.2.7")
    names = server.names()

    assert not names.ask("none.example", "MX").exists
    assert names.ask("shop.example", "MX").exists
    assert names.ask("shop.example", "MX").records == ()


def test_a_failing_name_server_is_no_answer(server: NameServer) -> None:
    server.broken.add("lame.example")
    with pytest.raises(UnansweredError, match="SERVFAIL"):
        server.names().ask("lame.example", "TXT")


def test_silence_is_no_answer_and_ends(server: NameServer) -> None:
    server.silent.add("slow.example")
    with pytest.raises(UnansweredError, match=r"no answer within 0\.3 s"):
        server.names(lifetime_seconds=0.3).ask("slow.example", "TXT")


def test_an_absent_name_server_is_no_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], taken.getsockname()[1]
    with pytest.raises(UnansweredError):
        Names(resolver, lifetime_seconds=0.3).ask("shop.example", "TXT")


def test_a_long_record_comes_whole_over_tcp(server: NameServer) -> None:
    text = "v=DKIM1; p=" + "A" * 900
    server.publish("s1._domainkey.shop.example", "TXT", text)

    assert server.names().ask("s1._domainkey.shop.example", "TXT").records == (text,)


def test_an_alias_is_followed(server: NameServer) -> None:
    server.publish("s1._domainkey.shop.example", "CNAME", "s1.domainkey.u1.wl.sendgrid.example.")
    server.publish("s1.domainkey.u1.wl.sendgrid.example", "TXT", "v=DKIM1; p=")

    assert server.names().ask("s1._domainkey.shop.example", "TXT").records == ("v=DKIM1; p=",)


def test_a_question_is_asked_once(server: NameServer) -> None:
    names = server.names()
    for name in ("shop.example", "SHOP.example."):
        names.ask(name, "MX")

    assert server.asked == [("shop.example", "MX")]


def test_an_address_is_asked_for_its_names(server: NameServer) -> None:
    server.publish("7.2.0.192.in-addr.arpa", "PTR", "mail.shop.example.")

    assert server.names().pointers(ip_address("192.0.2.7")).records == ("mail.shop.example",)
