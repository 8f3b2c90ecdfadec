"""Checks the sender's DNS records: whether receivers can trust its email, and whether replies arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from subscribers.doctor.dns_queries import Address, Names, UnansweredError, reverse_name
from subscribers.doctor.finding import Finding, error, ok, warning
from subscribers.doctor.sending_route import Sending
from subscribers.doctor.signatures import check_signatures
from subscribers.doctor.spf import (
    ANYBODY,
    LOOKUP_LIMIT,
    VOID_LIMIT,
    Evaluation,
    Result,
    WrongSpfError,
    evaluate,
    spf_records,
)

Check = Callable[[Names, Sending], Iterable[Finding]]
UNANSWERED = "try again, or ask the name server's operator; what depends on this answer was not checked"
HOW_TO = "docs/how-to/make-email-arrive.md"


def check_domain(names: Names, sending: Sending) -> list[Finding]:
    """Returns the findings of all DNS checks, which run at the same time."""
    checks: tuple[tuple[str, Check], ...] = (
        ("MX", _mail_hosts),
        ("SPF", _spf),
        ("DKIM, DMARC", check_signatures),
        ("PTR", _pointers),
        ("TLS", _announced_tls),
    )
    with ThreadPoolExecutor(len(checks)) as pool:
        found = pool.map(lambda check: _answered(names, sending, *check), checks)
        return [finding for findings in found for finding in findings]


def _answered(names: Names, sending: Sending, topic: str, check: Check) -> list[Finding]:
    """The findings of one check; a question without an answer ends it with an error."""
    findings: list[Finding] = []
    try:
        findings.extend(check(names, sending))
    except UnansweredError as unanswered:
        findings.append(error(topic, unanswered.where, unanswered.reason, UNANSWERED))
    return findings


def _mail_hosts(names: Names, sending: Sending) -> Iterable[Finding]:
    domain = sending.domain
    where = f"{domain} MX"
    answer = names.ask(domain, "MX")
    if not answer.records:
        if not answer.exists:
            yield error("MX", where, answer.absence, "correct POLICY_NOTIFY_FROM, or register the domain")
        elif names.addresses(domain):  # RFC 5321, section 5.1
            yield warning(
                "MX",
                where,
                "no MX record; replies and bounces go to the domain's own IP address",
                "publish an MX record",
            )
        else:
            yield error(
                "MX",
                where,
                answer.absence,
                "publish an MX record; without one nobody can reply to this sender",
            )
        return
    hosts = [record.split()[1] for record in answer.records]
    if hosts == ["."]:  # RFC 7505
        yield error(
            "MX",
            where,
            "“0 .”: the domain accepts no email",
            "send from a domain that accepts email; receivers refuse this one",
        )
        return
    lost = [host for host in hosts if not names.addresses(host)]
    if lost:
        yield (error if len(lost) == len(hosts) else warning)(
            "MX", where, f"no IP address for {', '.join(lost)}", "correct the record or the host"
        )
    else:
        yield ok("MX", where, ", ".join(hosts))


def _spf(names: Names, sending: Sending) -> Iterable[Finding]:
    domain = sending.envelope_domain or sending.domain
    where = f"{domain} TXT"
    records = spf_records(names, domain)
    if not records and sending.envelope_domain is None:
        yield warning(
            "SPF",
            where,
            "no SPF record; the provider's own envelope domain is not known here",
            f"complete the provider's domain authentication ({HOW_TO}), and publish “v=spf1 -all” here",
        )
        return
    if not records:
        yield error(
            "SPF", where, "no SPF record", "publish one that includes your server: “v=spf1 include:… -all”"
        )
        return
    if len(records) > 1:
        yield error(
            "SPF", where, f"{len(records)} SPF records; receivers ignore them all", "merge them into one"
        )
        return
    try:
        yield from _judged(where, records[0], evaluate(names, domain, records[0], ANYBODY))
        if sending.host is not None:
            yield from _sending_host(names, sending, domain, records[0])
    except WrongSpfError as wrong:
        yield error("SPF", where, f"{wrong}; receivers ignore the record (permerror)", "correct the record")


def _judged(where: str, record: str, evaluation: Evaluation) -> Iterable[Finding]:
    if evaluation.result is Result.PASS:
        yield error("SPF", where, f"“{record}” lets every server send", "end it with -all or ~all")
    elif evaluation.lookups > LOOKUP_LIMIT:
        yield error(
            "SPF",
            where,
            f"{evaluation.lookups} DNS lookups; receivers give up after {LOOKUP_LIMIT}",
            "remove includes that you no longer use, or list addresses with ip4: and ip6:",
        )
    elif evaluation.result is Result.NEUTRAL:
        yield warning(
            "SPF",
            where,
            f"“{record}” does not exclude other senders",
            "end it with ~all, and with -all later",
        )
    else:
        yield ok("SPF", where, f"“{record}”, {evaluation.lookups} of {LOOKUP_LIMIT} DNS lookups")
    if evaluation.voids > VOID_LIMIT:
        yield warning(
            "SPF",
            where,
            f"{evaluation.voids} lookups find no record; receivers may give up after {VOID_LIMIT}",
            "remove the names that no longer exist",
        )
    if evaluation.uses_ptr:
        yield warning("SPF", where, "uses “ptr”, which receivers may ignore", "list the servers instead")


def _sending_host(names: Names, sending: Sending, domain: str, record: str) -> Iterable[Finding]:
    assert sending.host is not None
    where = f"{domain} TXT"
    public = [address for address in host_addresses(names, sending.host) if address.is_global]
    if not public:
        yield warning(
            "SPF",
            where,
            f"{sending.host} has no public IP address, so receivers see a different one",
            "find the IP address that email is sent from, and check that the record includes it",
        )
    for address in public:
        evaluation = evaluate(names, domain, record, address)
        if evaluation.result is Result.PASS:
            yield ok("SPF", where, f"includes {sending.host} ({address})")
            continue
        beyond = f"; not followed: {', '.join(evaluation.not_followed)}" if evaluation.not_followed else ""
        yield warning(
            "SPF",
            where,
            f"the result for {sending.host} ({address}) is {evaluation.result}{beyond}",
            "include it, unless its operator sends from other addresses; then check that those are included",
        )


def _pointers(names: Names, sending: Sending) -> Iterable[Finding]:
    if sending.host is None:
        return
    for address in host_addresses(names, sending.host):
        if not address.is_global:
            continue
        where = f"{reverse_name(address)} PTR"
        answer = names.pointers(address)
        confirmed = [name for name in answer.records if address in names.addresses(name)]
        remedy = (
            f"ask the owner of {address} to set the name, unless {sending.host} sends from other addresses"
        )
        if confirmed:
            yield ok("PTR", where, f"{address} is {confirmed[0]}, which is {address}")
        elif answer.records:
            yield warning("PTR", where, f"{', '.join(answer.records)}, which is not {address}", remedy)
        else:
            yield warning("PTR", where, answer.absence, remedy)


def _announced_tls(names: Names, sending: Sending) -> Iterable[Finding]:
    """MTA-STS (RFC 8461) and DANE (RFC 7672) protect replies. They are rare, so absence is not a finding."""
    name = f"_mta-sts.{sending.domain}"
    for record in names.ask(name, "TXT").records:
        if record.startswith("v=STSv1"):
            yield ok("TLS", f"{name} TXT", f"“{record}” (MTA-STS, for email to you)")
    hosts = [record.split()[1] for record in names.ask(sending.domain, "MX").records]
    for name in (f"_25._tcp.{host}" for host in hosts if host != "."):
        if names.ask(name, "TLSA").records:
            yield ok("TLS", f"{name} TLSA", "present (DANE, for email to you)")


def host_addresses(names: Names, host: str) -> tuple[Address, ...]:
    """The IP addresses of a host, which is given by name or by IP address."""
    try:
        return (ip_address(host),)
    except ValueError:
        return names.addresses(host)
