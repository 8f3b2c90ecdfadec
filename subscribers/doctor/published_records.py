"""Reads SPF, DMARC, MX, MTA-STS, TLS-RPT and BIMI records. The only file that imports checkdmarc.

Decision 0027 says what is added to the library here, and why.
A question that gets no answer raises ``UnansweredError``, and nothing is concluded from it. The library is
imported when it is needed, since that takes a third of a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from ipaddress import ip_network
from typing import Any

from subscribers.doctor.dns_queries import Address, Names, NoNames, UnansweredError

# The finding on the policy says this too, with a remedy.
SAID_ELSEWHERE = ("A p tag value of none", "An sp tag value of none", "rua tag ")


class WrongRecordError(Exception):
    """Receivers cannot use the record; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spf:
    """A valid SPF record. Beyond a limit the counting ends, and receivers may give up."""

    record: str
    lookups: int
    is_beyond_limit: bool
    voids_beyond_limit: int | None  # names without records; not every receiver has this limit
    warnings: tuple[str, ...]
    parsed: dict[str, Any] = field(repr=False)

    def result(self, names: Names, address: Address) -> tuple[str, list[str]]:
        """The result for an IP address (RFC 7208, section 2.6), and the terms that were not followed.

        The library does not evaluate a record. Macros need an email to be filled in, and the library drops
        the prefix length of ``mx``; ``ptr`` (section 5.5: not to be used) matches nothing here.
        """
        not_followed: list[str] = []
        return _result(names, self.parsed, address, not_followed), not_followed


@dataclass(frozen=True, slots=True, kw_only=True)
class Dmarc:
    """The policy that applies to a From domain; ``domain`` is the name that has the record."""

    domain: str
    policy: str
    is_test: bool  # t=y: receivers apply the next weaker policy
    reports_to: tuple[str, ...]
    strict_dkim: bool
    strict_spf: bool
    warnings: tuple[str, ...]
    unanswered: UnansweredError | None  # about the destinations of reports only


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHosts:
    """The hosts that receive email for a domain; ``refuses_all`` if it says that none does (RFC 7505)."""

    hosts: tuple[str, ...]
    refuses_all: bool
    exists: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """A record that protects a domain or shows its logo; ``fault`` is None if it works."""

    seen: str
    fault: str | None
    warnings: tuple[str, ...]


def read_spf(names: Names, domain: str) -> Spf | None:
    """The SPF record of a domain, or None; raises WrongRecordError."""
    library = _library("spf")
    is_beyond_limit = False
    try:
        found = library.query_spf_record(domain, resolver=names)
    except library.SPFRecordNotFound:
        return None
    except library.SPFError as wrong:
        raise _wrong(wrong) from wrong
    try:
        # checkdmarc 6.0.4 refuses V=SPF1, which RFC 7208, section 4.6.1, allows.
        parsed = library.parse_spf_record(f"v=spf1{found['record'][6:]}", domain, resolver=names)
    except (library.SPFTooManyDNSLookups, library.SPFTooManyVoidDNSLookups) as beyond:
        is_beyond_limit = True
        parsed = {"warnings": beyond.warnings, "parsed": {}} | beyond.data
    except library.SPFError as wrong:
        raise _wrong(wrong) from wrong
    return Spf(
        record=found["record"],
        lookups=parsed.get("dns_lookups", 0),
        is_beyond_limit=is_beyond_limit,
        voids_beyond_limit=parsed.get("void_dns_lookups") if is_beyond_limit else None,
        warnings=_once(found["warnings"] + parsed["warnings"]),
        parsed=parsed["parsed"],
    )


def _result(names: Names, parsed: dict[str, Any], address: Address, not_followed: list[str]) -> str:
    for term in parsed["mechanisms"]:
        kind, value = term["mechanism"], term["value"]
        if "%" in value or kind == "exists":
            not_followed.append(f"{kind}:{value}")
        elif kind == "include":
            if _result(names, term["parsed"], address, not_followed) == "pass":
                return str(term["action"])
        elif any(address in ip_network(network, strict=False) for network in _networks(names, term)):
            return str(term["action"])
    if (redirect := parsed["redirect"]) is None:
        return str(parsed["all"])
    if redirect["parsed"] is None:
        not_followed.append("redirect")
        return "neutral"
    return _result(names, redirect["parsed"], address, not_followed)


def _networks(names: Names, term: dict[str, Any]) -> Iterable[str | Address]:
    match term["mechanism"]:
        case "ip4" | "ip6":
            return (term["value"],)
        case "a":
            return tuple(term.get("addresses", ()))
        case "mx":
            return (each for host in term.get("hosts", ()) for each in names.addresses(host["hostname"]))
        case _:
            return ()


def read_dmarc(names: Names, domain: str, *, for_domain: str | None = None) -> Dmarc | None:
    """The DMARC policy for a From domain by RFC 9989, or None; raises WrongRecordError.

    ``domain`` is where the search begins, if that is not the From domain itself.
    """
    library = _library("dmarc")
    unanswered: UnansweredError | None = None
    try:
        found = library.query_dmarc_record(domain, resolver=names, ignore_unrelated_records=True)
        record = found["record"], found["location"]
        try:
            parsed = library.parse_dmarc_record(*record, resolver=names, ignore_unrelated_records=True)
        except UnansweredError as error:
            unanswered = error
            parsed = library.parse_dmarc_record(*record, resolver=NoNames()) | {"warnings": []}
    except library.DMARCRecordNotFound:
        above = domain.partition(".")[2]
        if names.ask(domain, "MX").exists or "." not in above:
            return None
        # The library ends its walk at a name that does not exist, to which the policy above applies (np).
        return read_dmarc(names, above, for_domain=for_domain or domain)
    except library.DMARCError as wrong:
        raise _wrong(wrong) from wrong
    tags = {name: tag["value"] for name, tag in parsed["tags"].items()}
    warnings = _once(found["warnings"] + parsed["warnings"])
    return Dmarc(
        domain=found["location"],
        policy=tags["np" if for_domain else "p" if found["location"] == domain else "sp"],
        is_test=tags.get("t") == "y",
        reports_to=tuple(uri["address"] for uri in tags.get("rua", ())),
        strict_dkim=tags["adkim"] == "s",
        strict_spf=tags["aspf"] == "s",
        warnings=tuple(each for each in warnings if not each.startswith(SAID_ELSEWHERE)),
        unanswered=unanswered,
    )


def read_mail_hosts(names: Names, domain: str) -> MailHosts:
    """The MX records of a domain."""
    library = _library("utils")
    try:
        found = library.get_mx_record_set(domain, resolver=names)
    except library.DNSExceptionNXDOMAIN:
        return MailHosts(hosts=(), refuses_all=False, exists=False, warnings=())
    return MailHosts(
        hosts=tuple(host["hostname"] for host in found["hosts"]),
        refuses_all=found["null_mx"],
        exists=True,
        warnings=_once(found["warnings"]),
    )


def read_mta_sts(names: Names, domain: str, hosts: tuple[str, ...]) -> Protection:
    """The MTA-STS policy (RFC 8461) for servers that send to this domain; it is fetched by HTTPS."""
    library = _library("mta_sts")
    found = library.check_mta_sts(domain, resolver=names)
    seen, fault = "MTA-STS", found.get("error")
    if policy := found.get("policy"):
        seen += f", mode {policy['mode']}"
        absent = [host for host in hosts if not library.mx_in_mta_sts_patterns(host, policy["mx"])]
        if absent and policy["mode"] != "none":
            fault = f"its policy does not list {', '.join(absent)}"
    return Protection(seen=seen, fault=fault, warnings=_once(found["warnings"]))


def read_tls_reporting(names: Names, domain: str) -> Protection:
    """The TLS-RPT record (RFC 8460) of a domain that has one."""
    found = _library("smtp_tls_reporting").check_smtp_tls_reporting(domain, resolver=names)
    return Protection(seen="TLS-RPT", fault=found.get("error"), warnings=_once(found["warnings"]))


def read_bimi(names: Names, domain: str) -> Protection:
    """The BIMI record of a domain that has one; its logo and certificate are fetched by HTTPS."""
    found = _library("bimi").check_bimi(domain, resolver=names)
    parts = (found, found.get("image") or {}, found.get("certificate") or {})
    fault = next((part["error"] for part in parts if "error" in part), None)
    return Protection(seen="BIMI", fault=fault, warnings=_once(found["warnings"]))


def _library(name: str) -> Any:
    """A module of checkdmarc. Its cache outlives a run, while ``Names`` keeps the answers of one."""
    import_module("checkdmarc.utils").DNS_CACHE.clear()
    return import_module(f"checkdmarc.{name}")


def _wrong(error: Exception) -> WrongRecordError:
    return WrongRecordError(str(error).removesuffix("."))


def _once(warnings: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(warning.removesuffix(".") for warning in warnings))
