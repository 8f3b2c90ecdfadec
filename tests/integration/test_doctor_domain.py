"""The doctor's findings about a sender's domain, from the answers of a real name server on loopback."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.name_server import NameServer

from subscribers.doctor.domain import check_domain
from subscribers.doctor.finding import Finding, Level
from subscribers.doctor.sending_route import Sending

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

    assert {finding.level for finding in found} == {Level.OK}
    assert [finding.topic for finding in found] == ["MX", "SPF", "SPF", "DKIM", "DMARC", "alignment", "PTR"]


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


@pytest.mark.parametrize(
    ("records", "level", "words"),
    [
        ([], Level.ERROR, "no SPF record"),
        (["v=spf1 mx -all", "v=spf1 -all"], Level.ERROR, "2 SPF records"),
        (["v=spf1 mx +all"], Level.ERROR, "lets every server send"),
        (["v=spf1 ip4:0.0.0.0/0 -all"], Level.ERROR, "lets every server send"),
        (["v=spf1 mix -all"], Level.ERROR, "“mix” is not a valid term"),
        (["v=spf1 " + "a " * 11 + "-all"], Level.ERROR, "11 DNS lookups"),
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
        (["v=DMARC1; p=none"], Level.WARNING, "p=none"),
        (["v=DMARC1; p=maybe"], Level.ERROR, "p=maybe"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], Level.ERROR, "2 records"),
        (["v=DMARC1;p=quarantine"], Level.OK, "p=quarantine"),
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
    server.records["_dmarc.shop.example", "TXT"] = ['"v=DMARC1; p=reject; sp=none"']
    assert worst(server, "DMARC", by_smtp("news.shop.example")).seen.startswith("p=none")
    assert worst(server, "DMARC").seen == "p=reject"


def test_a_strict_policy_wants_the_very_domain(server: NameServer) -> None:
    server.records["_dmarc.shop.example", "TXT"] = ['"v=DMARC1; p=reject; adkim=s; aspf=s"']
    assert worst(server, "alignment").level is Level.OK

    finding = worst(server, "alignment", by_sendgrid("news.shop.example", "em1.shop.example"))
    assert finding.level is Level.ERROR
    assert "not from the public suffix list" in finding.seen


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


def test_protection_of_answers_is_noted_where_it_is(server: NameServer) -> None:
    assert findings(server, "TLS") == []

    server.publish("_mta-sts.shop.example", "TXT", "v=STSv1; id=1")
    server.publish(f"_25._tcp.{HOST}", "TLSA", "3 1 1 " + "ab" * 32)
    assert [finding.level for finding in findings(server, "TLS")] == [Level.OK, Level.OK]


@pytest.mark.parametrize("fault", ["broken", "silent"])
def test_nothing_is_guessed_where_nobody_answers(server: NameServer, fault: str) -> None:
    getattr(server, fault).add("_dmarc.shop.example")
    found = check_domain(server.names(lifetime_seconds=0.5), by_smtp())

    [unanswered] = [finding for finding in found if finding.level is not Level.OK]
    assert unanswered.level is Level.ERROR
    assert unanswered.where == "_dmarc.shop.example TXT"
    assert {finding.topic for finding in found} >= {"MX", "SPF", "PTR"}
