"""The doctor's findings about a sender's domain, from the answers of a real name server on loopback."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.certificates import certificate_file
from support.name_server import NameServer

from subscribers.doctor.bulk_sender_rules import TOPIC, Rule, checklist, facts_of_every_message
from subscribers.doctor.dmarc import organisational_domain
from subscribers.doctor.domain import check_domain
from subscribers.doctor.finding import Finding, Level
from subscribers.doctor.sending_route import Sending, outgoing_addresses

HOST = "mail.shop.example"
ADDRESS = "93.184.215.14"  # any public one; nothing connects to it
REVERSE = "14.215.184.93.in-addr.arpa"


def published_key(bits: int = 2048) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    raw = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(raw).decode()}"


GOOD_KEY = published_key()
KEY_NAME = "s1._domainkey.shop.example"


@pytest.fixture
def server() -> Iterator[NameServer]:
    """A domain that has everything."""
    with NameServer() as server:
        server.publish("shop.example", "MX", f"10 {HOST}.")
        server.publish(HOST, "A", ADDRESS)
        server.publish(REVERSE, "PTR", f"{HOST}.")
        server.publish("shop.example", "TXT", "v=spf1 mx -all", "another text")
        server.publish(KEY_NAME, "TXT", GOOD_KEY)
        server.publish("_dmarc.shop.example", "TXT", "v=DMARC1; p=reject; rua=mailto:dmarc@shop.example")
        yield server


def by_smtp(domain: str = "shop.example", key_name: str = KEY_NAME) -> Sending:
    keys = ((key_name,),) if key_name else ()
    return Sending(domain=domain, host=HOST, envelope_domain=domain, key_names=keys)


def by_sendgrid(domain: str = "shop.example", envelope: str | None = None) -> Sending:
    keys = ((f"s1._domainkey.{domain}",), ("s1._domainkey.shop.example",))
    return Sending(domain=domain, host=None, envelope_domain=envelope, key_names=keys)


def findings(
    server: NameServer, topic: str, sending: Sending | None = None, *, seconds: float = 5.0
) -> list[Finding]:
    names = server.names(lifetime_seconds=seconds)
    return [finding for finding in check_domain(names, sending or by_smtp()) if finding.topic == topic]


def worst(server: NameServer, topic: str, sending: Sending | None = None, *, seconds: float = 5.0) -> Finding:
    found = findings(server, topic, sending, seconds=seconds)
    return max(found, key=lambda finding: list(Level).index(finding.level))


def test_a_domain_that_has_everything_is_all_right(server: NameServer) -> None:
    found = check_domain(server.names(), by_smtp())

    records = [finding for finding in found if finding.topic != TOPIC]
    assert {finding.level for finding in records} == {Level.OK}
    assert [finding.topic for finding in records] == ["MX", "SPF", "SPF", "DKIM", "DMARC", "alignment", "PTR"]


def test_a_domain_that_does_not_exist_is_an_error(server: NameServer) -> None:
    finding = worst(server, "MX", by_smtp("shopp.example"))

    assert finding.level is Level.ERROR
    assert "NXDOMAIN" in finding.seen


def test_a_domain_without_a_mail_server_receives_no_replies(server: NameServer) -> None:
    del server.records["shop.example", "MX"]
    assert worst(server, "MX").level is Level.ERROR

    server.publish("shop.example", "A", ADDRESS)
    assert worst(server, "MX").level is Level.WARNING


def test_a_domain_that_refuses_email_cannot_send(server: NameServer) -> None:
    server.records["shop.example", "MX"] = ["0 ."]
    assert "accepts no email" in worst(server, "MX").seen


def test_a_mail_server_without_an_ip_address_cannot_be_reached(server: NameServer) -> None:
    server.publish("shop.example", "MX", "20 gone.shop.example.")
    assert worst(server, "MX").level is Level.WARNING

    del server.records[HOST, "A"]
    assert worst(server, "MX").level is Level.ERROR


def test_replies_are_checked_at_the_contact(server: NameServer) -> None:
    server.publish("mail.contact.example", "MX", "10 mail.contact.example.")
    sending = replace(by_smtp(), reply_domain="mail.contact.example")
    finding = worst(server, "MX", sending)
    assert finding.where == "mail.contact.example MX"
    assert rules(check_domain(server.names(), sending))[Rule.REPLIES] is Level.WARNING

    server.publish("mail.contact.example", "A", ADDRESS)
    assert worst(server, "MX", sending).level is Level.OK
    assert rules(check_domain(server.names(), sending))[Rule.REPLIES] is Level.UNCHECKED


def test_the_return_path_must_receive_bounces_and_is_what_spf_applies_to(server: NameServer) -> None:
    sending = replace(by_smtp(), envelope_domain="bounces.shop.example")
    assert {finding.where for finding in check_domain(server.names(), sending) if finding.remedy} >= {
        "bounces.shop.example MX",
        "bounces.shop.example TXT",
    }

    server.publish("bounces.shop.example", "MX", f"10 {HOST}.")
    server.publish("bounces.shop.example", "TXT", "v=spf1 mx -all")
    found = check_domain(server.names(), sending)
    assert {finding.level for finding in found} == {Level.OK, Level.UNCHECKED}


def test_a_mail_host_is_a_name(server: NameServer) -> None:
    server.publish("shop.example", "MX", "20 192.0.2.9.")
    assert any("IP address 192.0.2.9" in finding.seen for finding in findings(server, "MX"))


@pytest.mark.parametrize(
    ("records", "level", "words"),
    [
        ([], Level.ERROR, "no SPF record"),
        (["v=spf1 mx -all", "v=spf1 -all"], Level.ERROR, "multiple SPF TXT records"),
        (["v=spf1 mx +all"], Level.ERROR, "lets every server send"),
        (["v=spf1 ip4:0.0.0.0/0 -all"], Level.ERROR, "lets every server send"),
        (["v=spf1 mix -all"], Level.ERROR, "mix is not a valid SPF mechanism"),
        (["v=spf1 " + "mx " * 11 + "-all"], Level.ERROR, "11 DNS lookups"),
        (["v=spf1 mx"], Level.WARNING, "does not exclude other senders"),
        (["v=spf1 mx ptr -all"], Level.WARNING, "ptr"),
        (["v=spf1 mx a:x.example a:y.example a:z.example -all"], Level.WARNING, "3 lookups find no record"),
        (["v=spf1 ip4:198.51.100.0/24 -all"], Level.WARNING, f"{HOST} ({ADDRESS}) is fail"),
        (["v=spf1 exists:%{i}.shop.example -all"], Level.WARNING, "not followed: exists:%{i}.shop.example"),
    ],
)
def test_each_fault_of_spf_is_named(server: NameServer, records: list[str], level: Level, words: str) -> None:
    del server.records["shop.example", "TXT"]
    server.publish("shop.example", "TXT", *records)

    finding = worst(server, "SPF")
    assert finding.level is level
    assert words in finding.seen


def test_a_server_on_a_private_address_is_not_what_receivers_see(server: NameServer) -> None:
    server.records[HOST, "A"] = ["10.0.0.7"]
    assert "no public IP address" in worst(server, "SPF").seen
    assert findings(server, "PTR") == []


def test_an_unknown_envelope_is_not_blamed_for_the_from_domain(server: NameServer) -> None:
    del server.records["shop.example", "TXT"]
    assert worst(server, "SPF", by_sendgrid()).level is Level.WARNING
    assert worst(server, "SPF", by_sendgrid(envelope="em1.shop.example")).level is Level.ERROR


@pytest.mark.parametrize(
    ("record", "level", "words"),
    [
        (None, Level.ERROR, "no such record"),
        ("v=DKIM1; p=", Level.ERROR, "revoked"),
        ("v=DKIM1; p=AAAA", Level.ERROR, "is not a public key"),
        ("v=DKIM1; p=not base64", Level.ERROR, "is not a public key"),
        ("v=DKIM1; k=rsa", Level.ERROR, "not a DKIM key"),
        ("v=DKIM1; k=dsa; p=AAAA", Level.ERROR, "unknown kind"),
        # Each process makes both keys again, and the processes of one run need the same names.
        pytest.param(GOOD_KEY + "; t=y", Level.ERROR, "counts as unsigned", id="test key"),
        pytest.param(published_key(1024), Level.WARNING, "1024 bits", id="short key"),
        (
            "v=DKIM1; k=ed25519; p="
            + base64.b64encode(
                ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
            ).decode(),
            Level.WARNING,
            "not every receiver",
        ),
    ],
)
def test_each_fault_of_dkim_is_named(
    server: NameServer, record: str | None, level: Level, words: str
) -> None:
    server.records[KEY_NAME, "TXT"] = []
    if record:
        server.publish(KEY_NAME, "TXT", record)

    finding = worst(server, "DKIM")
    assert (finding.level, finding.where) == (level, f"{KEY_NAME} TXT")
    assert words in finding.seen


def test_a_selector_that_is_not_known_is_not_guessed(server: NameServer) -> None:
    finding = worst(server, "DKIM", by_smtp(key_name=""))

    assert finding.level is Level.WARNING
    assert finding.remedy
    assert "POLICY_NOTIFY_DKIM_SELECTORS" in finding.remedy


def test_a_key_of_the_domain_above_speaks_for_the_sender(server: NameServer) -> None:
    sending = by_sendgrid("news.shop.example")

    assert worst(server, "DKIM", sending).where == f"{KEY_NAME} TXT"
    assert worst(server, "alignment", sending).level is Level.OK


@pytest.mark.parametrize(
    ("records", "level", "words"),
    [
        ([], Level.ERROR, "no DMARC record"),
        (["v=DMARC1; p=none; rua=mailto:a@shop.example"], Level.WARNING, "p=none: others can send"),
        (["v=DMARC1; p=none"], Level.WARNING, "p=none without rua"),
        (["v=DMARC1; p=reject"], Level.WARNING, "p=reject without rua"),
        (["v=DMARC1; p=reject; t=y; rua=mailto:a@shop.example"], Level.WARNING, "next weaker policy"),
        (["v=DMARC1; p=reject; pct=50; rua=mailto:a@shop.example"], Level.WARNING, "pct tag was removed"),
        (
            ["v=DMARC1; p=reject; rua=mailto:a@reports.example"],
            Level.WARNING,
            "does not indicate that it accepts",
        ),
        (["v=DMARC1; p=maybe"], Level.ERROR, "not maybe"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], Level.ERROR, "Multiple DMARC policy records"),
        (["v=DMARC1;p=quarantine;rua=mailto:a@shop.example", "another text"], Level.OK, "p=quarantine"),
    ],
)
def test_a_dmarc_record_is_required_and_each_of_its_faults_is_named(
    server: NameServer, records: list[str], level: Level, words: str
) -> None:
    del server.records["_dmarc.shop.example", "TXT"]
    server.publish("_dmarc.shop.example", "TXT", *records)

    finding = worst(server, "DMARC")
    assert finding.level is level
    assert words in finding.seen


def test_the_policy_above_holds_for_a_subdomain(server: NameServer) -> None:
    records = server.records["_dmarc.shop.example", "TXT"]
    records[:] = ['"v=DMARC1; p=reject; sp=none; np=quarantine; rua=mailto:a@shop.example"']
    assert worst(server, "DMARC").seen == "p=reject"

    assert worst(server, "DMARC", by_smtp("news.shop.example")).seen == "p=quarantine", "it does not exist"

    server.publish("news.shop.example", "A", ADDRESS)
    assert worst(server, "DMARC", by_smtp("news.shop.example")).seen.startswith("p=none")


def test_a_strict_policy_wants_the_very_domain(server: NameServer) -> None:
    records = server.records["_dmarc.shop.example", "TXT"]
    records[:] = ['"v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:a@shop.example"']
    assert worst(server, "alignment").level is Level.OK

    finding = worst(server, "alignment", by_sendgrid("news.shop.example", "em1.shop.example"))
    assert finding.level is Level.ERROR


@pytest.mark.parametrize(
    ("records", "domain", "organisation"),
    [
        ({}, "a.shop.example", "a.shop.example"),
        ({"shop.example": "p=none"}, "a.b.shop.example", "shop.example"),
        ({"shop.example": "p=none", "b.shop.example": "p=none"}, "a.b.shop.example", "shop.example"),
        ({"shop.example": "p=none", "b.shop.example": "psd=n"}, "a.b.shop.example", "b.shop.example"),
        ({"example": "psd=y"}, "a.shop.example", "shop.example"),
        ({"example": "psd=y", "a.shop.example": "p=none"}, "a.shop.example", "shop.example"),
        ({"shop.example": "psd=y"}, "shop.example", "shop.example"),
        ({"b.example": "psd=y", "example": "p=none"}, "a.b.example", "a.b.example"),
        # Eight questions at most: after the whole name those with seven labels and fewer.
        ({"8.7.6.5.4.3.2.1": "psd=n", "1": "p=none"}, "9.8.7.6.5.4.3.2.1", "1"),
        ({"7.6.5.4.3.2.1": "psd=n", "1": "p=none"}, "9.8.7.6.5.4.3.2.1", "7.6.5.4.3.2.1"),
    ],
)
def test_the_organisational_domain_is_found_by_a_tree_walk(
    records: dict[str, str], domain: str, organisation: str
) -> None:
    """RFC 9989, section 4.10.2."""
    with NameServer() as walked:
        for name, tags in records.items():
            walked.publish(f"_dmarc.{name}", "TXT", f"v=DMARC1; {tags}", "another text")
        assert organisational_domain(walked.names(), domain) == organisation
        assert len(walked.asked) <= 8


def test_two_domains_below_a_registry_are_not_aligned(server: NameServer) -> None:
    server.publish("_dmarc.example", "TXT", "v=DMARC1; p=reject; psd=y")
    server.publish("s1._domainkey.other.example", "TXT", GOOD_KEY)
    foreign = by_smtp(key_name="s1._domainkey.other.example")

    assert "aligned only by the envelope" in worst(server, "alignment", foreign).seen


def test_an_envelope_alone_is_weak_proof(server: NameServer) -> None:
    del server.records[KEY_NAME, "TXT"]
    finding = worst(server, "alignment", by_sendgrid(envelope="em1.shop.example"))

    assert finding.level is Level.WARNING
    assert "forwarding breaks SPF" in finding.seen


def test_a_foreign_signature_speaks_for_nobody(server: NameServer) -> None:
    server.publish("s1._domainkey.provider.example", "TXT", GOOD_KEY)
    foreign = Sending(
        domain="shop.example",
        host=None,
        envelope_domain="bounces.provider.example",
        key_names=(("s1._domainkey.provider.example",),),
    )
    assert worst(server, "alignment", foreign).level is Level.ERROR


def test_an_address_must_have_a_name_that_is_its_own(server: NameServer) -> None:
    server.records[REVERSE, "PTR"] = ["someone.else.example."]
    assert "which is not" in worst(server, "PTR").seen

    del server.records[REVERSE, "PTR"]
    assert "NXDOMAIN" in worst(server, "PTR").seen


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """The lines of the MTA-STS policy that ``https://mta-sts.shop.example`` serves."""
    served: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write("\n".join(served).encode())

        def log_message(self, *_: object) -> None:
            pass

    def nearby(host: str, port: int, *rest: Any) -> Any:
        return elsewhere(
            *(("127.0.0.1", at) if (host, port) == ("mta-sts.shop.example", 443) else (host, port)), *rest
        )

    file = certificate_file(tmp_path, "mta-sts.shop.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.socket = context.wrap_socket(web.socket, server_side=True)
    at, elsewhere = web.server_address[1], socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", nearby)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
    yield served
    web.shutdown()
    web.server_close()


@pytest.mark.parametrize(
    ("lines", "level", "words"),
    [
        (["mode: enforce", f"mx: {HOST}"], Level.OK, "MTA-STS, mode enforce"),
        (["mode: enforce", "mx: *.shop.example"], Level.OK, "MTA-STS, mode enforce"),
        (["mode: enforce", "mx: other.example"], Level.WARNING, f"its policy does not list {HOST}"),
        (["mode: forced", f"mx: {HOST}"], Level.WARNING, "mode"),
    ],
)
def test_an_mta_sts_policy_must_list_the_mail_hosts(
    server: NameServer, policy: list[str], lines: list[str], level: Level, words: str
) -> None:
    server.publish("_mta-sts.shop.example", "TXT", "v=STSv1; id=1")
    policy[:] = ["version: STSv1", *lines, "max_age: 604800", ""]

    finding = worst(server, "TLS")
    assert finding.level is level
    assert words in finding.seen


def test_protection_of_replies_is_noted_where_it_is(server: NameServer) -> None:
    assert findings(server, "TLS") == []
    assert findings(server, "logo") == []

    server.publish("_smtp._tls.shop.example", "TXT", "v=TLSRPTv1; rua=mailto:tls@shop.example")
    server.publish(f"_25._tcp.{HOST}", "TLSA", "3 1 1 " + "ab" * 32)
    server.publish("default._bimi.shop.example", "TXT", "v=BIMI1; l=; a=;")
    assert [finding.level for finding in findings(server, "TLS")] == [Level.OK, Level.OK]
    assert findings(server, "logo") != []

    server.records["_smtp._tls.shop.example", "TXT"] = ['"v=TLSRPTv1; rua=tls@shop.example"']
    assert worst(server, "TLS").level is Level.WARNING


def rules(found: list[Finding]) -> dict[str, Level]:
    return {finding.where: finding.level for finding in found if finding.topic == TOPIC}


def test_every_rule_for_bulk_senders_is_met_or_not_or_cannot_be_checked(server: NameServer) -> None:
    found = rules(check_domain(server.names(), by_smtp()))
    assert found.keys() == set(Rule)
    unseen = {Rule.DKIM, Rule.TLS, Rule.REPLIES, Rule.COMPLAINTS}
    assert found == {rule: Level.UNCHECKED if rule in unseen else Level.OK for rule in Rule}


@pytest.mark.parametrize(
    ("name", "kind", "rule"),
    [
        ("shop.example", "MX", Rule.REPLIES),
        ("shop.example", "TXT", Rule.SPF),
        (KEY_NAME, "TXT", Rule.DKIM),
        ("_dmarc.shop.example", "TXT", Rule.DMARC),
        (REVERSE, "PTR", Rule.POINTER),
    ],
)
def test_a_rule_is_not_met_if_its_record_is_missing(
    server: NameServer, name: str, kind: str, rule: Rule
) -> None:
    del server.records[name, kind]
    assert rules(check_domain(server.names(), by_smtp()))[rule] is Level.WARNING


def test_a_rule_that_only_a_provider_can_answer_for_is_not_guessed(server: NameServer) -> None:
    found = rules(check_domain(server.names(), by_sendgrid()))
    asked = (Rule.SPF, Rule.DKIM, Rule.ALIGNMENT, Rule.POINTER)
    assert {found[rule] for rule in asked} == {Level.UNCHECKED}

    signs = replace(by_sendgrid(), provider_signs=True)
    found = rules(check_domain(server.names(), signs))
    assert (found[Rule.DKIM], found[Rule.ALIGNMENT]) == (Level.OK, Level.OK)


def test_a_wrong_record_where_the_envelope_may_not_be_breaks_no_rule(server: NameServer) -> None:
    server.records["shop.example", "TXT"] = ['"v=spf1 mix -all"']
    found = check_domain(server.names(), by_sendgrid())
    assert [finding.level for finding in found if finding.topic == "SPF"] == [Level.ERROR]
    assert rules(found)[Rule.SPF] is Level.UNCHECKED


def test_a_sender_at_a_mailbox_provider_breaks_a_rule() -> None:
    [broken] = [
        finding
        for finding in checklist(facts_of_every_message("gmail.com"))
        if finding.level is Level.WARNING
    ]
    assert broken.where == Rule.OWN_DOMAIN
    assert broken.remedy
    assert "a domain of your own" in broken.remedy


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost.shop.example"])
def test_a_server_on_this_machine_sends_from_the_address_of_the_machine(
    server: NameServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    server.publish("localhost.shop.example", "A", "127.0.0.1")
    local = Sending(domain="shop.example", host=host, envelope_domain="shop.example", key_names=())
    monkeypatch.setattr("subscribers.doctor.domain.outgoing_addresses", lambda: (ip_address(ADDRESS),))
    assert worst(server, "PTR", local).seen == f"{ADDRESS} is {HOST}, which is {ADDRESS}"

    monkeypatch.setattr("subscribers.doctor.domain.outgoing_addresses", lambda: (ip_address("10.0.0.7"),))
    assert findings(server, "PTR", local) == []
    assert "no public IP address" in worst(server, "SPF", local).seen


def test_the_addresses_of_this_machine_are_found_without_sending() -> None:
    assert all(not address.is_loopback for address in outgoing_addresses())


@pytest.mark.parametrize("fault", ["broken", "silent"])
def test_nothing_is_guessed_where_nobody_answers(server: NameServer, fault: str) -> None:
    getattr(server, fault).add("_dmarc.shop.example")
    found = check_domain(server.names(lifetime_seconds=0.5), by_smtp())

    [unanswered] = [finding for finding in found if finding.level in {Level.WARNING, Level.ERROR}]
    assert unanswered.level is Level.ERROR
    assert unanswered.where == "_dmarc.shop.example TXT"
    assert {finding.topic for finding in found} >= {"MX", "SPF", "PTR"}
    assert rules(found)[Rule.DMARC] is Level.UNCHECKED


@pytest.mark.parametrize("fault", ["broken", "silent"])
def test_a_destination_of_reports_that_nobody_answers_for_is_no_fault_of_the_record(
    server: NameServer, fault: str
) -> None:
    getattr(server, fault).add("shop.example._report._dmarc.reports.example")
    server.records["_dmarc.shop.example", "TXT"] = ['"v=DMARC1; p=reject; rua=mailto:a@reports.example"']

    found = findings(server, "DMARC", seconds=0.3)
    assert [finding.level for finding in found] == [Level.OK, Level.WARNING]
    assert "where reports go was not checked" in found[1].seen
