"""Checks the sender's DNS records: whether receivers can trust its email, and whether replies arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address

from subscribers.doctor.bulk_sender_rules import Fact, Rule, checklist, facts_of_every_message
from subscribers.doctor.dns_queries import Address, Names, UnansweredError, host_addresses, reverse_name
from subscribers.doctor.finding import Finding, Level, error, ok, warning
from subscribers.doctor.published_records import (
    Protection,
    Spf,
    WrongRecordError,
    read_bimi,
    read_mail_hosts,
    read_mta_sts,
    read_spf,
    read_tls_reporting,
)
from subscribers.doctor.sending_route import Sending, outgoing_addresses
from subscribers.doctor.signatures import check_signatures

Check = Callable[[Names, Sending], Iterable[Finding | Fact]]
ANYBODY = IPv4Address("192.0.2.1")  # for documentation (RFC 5737): a record that passes it passes all
LOOKUP_LIMIT = 10  # RFC 7208, section 4.6.4; a receiver gives up beyond it
VOID_LIMIT = 2  # ibid.: lookups without a record
IF_THERE = "if email leaves from there"  # and not from a server that this one relays through
UNANSWERED = "try again, or ask the name server's operator; what depends on this answer was not checked"
HOW_TO = "docs/how-to/make-email-arrive.md"


def check_domain(names: Names, sending: Sending, known: Iterable[Fact] = ()) -> list[Finding]:
    """Returns the findings of all DNS checks, which run at the same time, and the bulk senders' checklist.

    ``known`` are facts that other checks have found.
    """
    checks: tuple[tuple[str, Check], ...] = (
        ("MX", _mail_hosts),
        ("SPF", _spf if sending.envelope_domain else _spf_of_the_sender),
        ("DKIM, DMARC", check_signatures),
        ("PTR", _pointers),
        ("protection", _protection),
    )
    with ThreadPoolExecutor(len(checks)) as pool:
        found = pool.map(lambda check: _answered(names, sending, *check), checks)
        seen = [each for findings in found for each in findings]
    found_here = [each for each in seen if isinstance(each, Fact)]
    rules = checklist([*known, *found_here, *facts_of_every_message(sending.domain)])
    return [*(each for each in seen if isinstance(each, Finding)), *rules]


def _answered(names: Names, sending: Sending, topic: str, check: Check) -> list[Finding | Fact]:
    """The findings of one check; a question without an answer ends it with an error."""
    findings: list[Finding | Fact] = []
    try:
        findings.extend(check(names, sending))
    except UnansweredError as unanswered:
        findings.append(error(topic, unanswered.where, unanswered.reason, UNANSWERED))
    return findings


def _mail_hosts(names: Names, sending: Sending) -> Iterable[Finding | Fact]:
    places = {sending.domain: "POLICY_NOTIFY_FROM"}
    if sending.host is not None and sending.envelope_domain is not None:
        places.setdefault(sending.envelope_domain, "POLICY_NOTIFY_RETURN_PATH")
    reply_domain = sending.reply_domain or sending.domain
    places.setdefault(reply_domain, "POLICY_NOTIFY_CONTACT")
    for domain, setting in places.items():
        receiver = _receiver(names, domain, setting)
        yield receiver
        for fault in read_mail_hosts(names, domain).warnings:
            yield warning("MX", f"{domain} MX", fault, "correct the record")
        if domain == reply_domain and receiver.level is Level.ERROR:
            yield Fact(Rule.REPLIES, is_met=False, seen=f"{receiver.where}: {receiver.seen}")


def _receiver(names: Names, domain: str, setting: str) -> Finding:
    """A finding on whether any host receives email for a domain."""
    where = f"{domain} MX"
    found = read_mail_hosts(names, domain)
    if not found.exists:
        seen = names.ask(domain, "MX").absence
        return error("MX", where, seen, f"correct {setting}, or register the domain")
    if found.refuses_all:
        remedy = f"use a domain that accepts email in {setting}; receivers refuse this one"
        return error("MX", where, "“0 .”: the domain accepts no email", remedy)
    if found.hosts:
        lost = [host for host in found.hosts if not names.addresses(host)]
        if not lost:
            return ok("MX", where, ", ".join(found.hosts))
        finding = error if len(lost) == len(found.hosts) else warning
        return finding("MX", where, f"no IP address for {', '.join(lost)}", "correct the record or the host")
    if names.addresses(domain):  # RFC 5321, section 5.1
        seen = "no MX record; email goes to the domain's own IP address"
        return warning("MX", where, seen, "publish an MX record")
    return error("MX", where, "no such record", "publish an MX record; without one it receives no email")


def _spf(names: Names, sending: Sending) -> Iterable[Finding | Fact]:
    domain = sending.envelope_domain or sending.domain
    where = f"{domain} TXT"
    try:
        record = read_spf(names, domain)
    except WrongRecordError as wrong:
        seen = f"{wrong}; receivers ignore the record (permerror)"
        yield error("SPF", where, seen, "correct the record")
        yield Fact(Rule.SPF, is_met=False, seen="the record cannot be used")
        return
    if record is None and sending.envelope_domain is None:
        seen = "no SPF record; the provider's own envelope domain is not known here"
        yield warning("SPF", where, seen, f"complete the provider's domain authentication ({HOW_TO})")
        return
    if record is None:
        yield error("SPF", where, "no SPF record", _first_record(names, sending))
        yield Fact(Rule.SPF, is_met=False, seen=f"{domain} has no SPF record")
        return
    for fault in record.warnings:
        yield warning("SPF", where, fault, "correct the record")
    if record.is_beyond_limit:
        yield _too_long(where, record)
        yield Fact(Rule.SPF, is_met=False, seen="receivers may give up on the record")
        return
    yield _judged(where, record, record.result(names, ANYBODY)[0])
    if sending.host is not None:
        yield from _sending_host(names, sending, domain, record)


def _spf_of_the_sender(names: Names, sending: Sending) -> Iterable[Finding]:
    """Findings without facts: SPF applies to the envelope, and only the provider knows its domain."""
    return (each for each in _spf(names, sending) if isinstance(each, Finding))


def _first_record(names: Names, sending: Sending) -> str:
    """A remedy with the IP addresses that are known to send."""
    public = _public_addresses(names, sending)
    terms = " ".join(f"ip{address.version}:{address}" for address in public) or "…"
    return f"publish one that includes every server that sends for the domain, such as “v=spf1 {terms} ~all”"


def _too_long(where: str, record: Spf) -> Finding:
    if record.voids_beyond_limit is not None:
        seen = f"{record.voids_beyond_limit} lookups find no record; receivers may give up after {VOID_LIMIT}"
        return warning("SPF", where, seen, "remove the names that have no record")
    seen = f"{record.lookups} DNS lookups or more; receivers give up after {LOOKUP_LIMIT}"
    remedy = "remove includes that you no longer use, or list addresses with ip4: and ip6:"
    return error("SPF", where, seen, remedy)


def _judged(where: str, record: Spf, result: str) -> Finding:
    if result == "pass":
        remedy = "list the servers that send for the domain, and end the record with ~all"
        return error("SPF", where, f"“{record.record}” lets every server send", remedy)
    if result == "neutral":
        remedy = "end it with ~all once it includes every server that sends for the domain"
        return warning("SPF", where, f"“{record.record}” does not exclude other senders", remedy)
    return ok("SPF", where, f"“{record.record}”, {record.lookups} of {LOOKUP_LIMIT} DNS lookups")


def _sending_host(names: Names, sending: Sending, domain: str, record: Spf) -> Iterable[Finding | Fact]:
    where = f"{domain} TXT"
    public = _public_addresses(names, sending)
    if not public:
        seen = f"{sending.host} has no public IP address, so receivers see a different one"
        remedy = "find the IP address that email is sent from, and check that the record includes it"
        yield warning("SPF", where, seen, remedy)
    for address in public:
        result, not_followed = record.result(names, address)
        if result == "pass":
            yield ok("SPF", where, f"includes {sending.host} ({address})")
            yield Fact(
                Rule.SPF, is_met=True, seen=f"{address} may send for {domain}, if email leaves from there"
            )
            continue
        beyond = f"; not followed: {', '.join(not_followed)}" if not_followed else ""
        yield warning(
            "SPF",
            where,
            f"the result for {sending.host} ({address}) is {result}{beyond}",
            f"add ip{address.version}:{address} if email leaves from there; otherwise check that the record "
            "includes the address that it leaves from",
        )


def _pointers(names: Names, sending: Sending) -> Iterable[Finding | Fact]:
    for address in _public_addresses(names, sending):
        where = f"{reverse_name(address)} PTR"
        answer = names.pointers(address)
        confirmed = [name for name in answer.records if address in names.addresses(name)]
        remedy = f"ask the owner of {address} to set the name, if email leaves from this address"
        if confirmed:
            yield ok("PTR", where, f"{address} is {confirmed[0]}, which is {address}")
            yield Fact(
                Rule.POINTER, is_met=True, seen=f"{address} is {confirmed[0]}, if email leaves from there"
            )
        elif answer.records:
            yield warning("PTR", where, f"{', '.join(answer.records)}, which is not {address}", remedy)
            yield Fact(Rule.POINTER, is_met=False, seen=f"the name of {address} does not lead back to it")
        else:
            yield warning("PTR", where, answer.absence, remedy)
            yield Fact(Rule.POINTER, is_met=False, seen=f"{address} has no name")


def _protection(names: Names, sending: Sending) -> Iterable[Finding]:
    """Records for the domain's incoming email and its logo. Few have them, so absence is not a finding."""
    domain = sending.domain
    hosts = read_mail_hosts(names, domain).hosts
    if _has(names, f"_mta-sts.{domain}", "v=STSv1"):
        yield from _protected("TLS", f"_mta-sts.{domain} TXT", read_mta_sts(names, domain, hosts))
    if _has(names, f"_smtp._tls.{domain}", "v=TLSRPTv1"):
        yield from _protected("TLS", f"_smtp._tls.{domain} TXT", read_tls_reporting(names, domain))
    if _has(names, f"default._bimi.{domain}", "v=BIMI1"):
        yield from _protected("logo", f"default._bimi.{domain} TXT", read_bimi(names, domain))
    for name in (f"_25._tcp.{host}" for host in hosts):
        if names.ask(name, "TLSA").records:  # RFC 7672
            yield ok("TLS", f"{name} TLSA", "present (DANE, for email to you)")


def _protected(topic: str, where: str, protection: Protection) -> Iterable[Finding]:
    if protection.fault is None:
        yield ok(topic, where, protection.seen)
    else:
        yield warning(
            topic, where, f"{protection.seen}: {protection.fault}", "correct it, or remove the record"
        )
    for fault in protection.warnings:
        yield warning(topic, where, f"{protection.seen}: {fault}", "correct it, or remove the record")


def _has(names: Names, name: str, version: str) -> bool:
    return any(record.startswith(version) for record in names.ask(name, "TXT").records)


def _public_addresses(names: Names, sending: Sending) -> list[Address]:
    """The IP addresses that receivers may see: of the SMTP server, or of this machine if it runs here."""
    if sending.host is None:
        return []
    addresses = host_addresses(names, sending.host)
    if addresses and all(address.is_loopback for address in addresses):
        addresses = outgoing_addresses()
    return [address for address in addresses if address.is_global]
