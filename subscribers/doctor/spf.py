"""Reads SPF records and evaluates them for an IP address as a receiver would (RFC 7208).

Macros need an email to be filled in, so a term with one is counted and reported but not followed. The ``ptr``
mechanism (section 5.5: not to be used) is counted and reported, and matches nothing here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network

from subscribers.doctor.dns_queries import Address, Kind, Names

LOOKUP_LIMIT = 10  # RFC 7208, section 4.6.4; a receiver gives up beyond it
VOID_LIMIT = 2  # section 4.6.4: lookups without a record
COUNT_LIMIT = 40  # chosen here: a longer record, or one that includes itself, is not followed further
ANYBODY = IPv4Address(
    "192.0.2.1"
)  # RFC 5737: an address for documentation, so a record that passes it passes every address

_TERM = re.compile(r"(?P<qualifier>[+?~-]?)(?P<name>[a-z][a-z0-9_.-]*)(?P<rest>(?:[:/=].*)?)", re.IGNORECASE)
_CIDR = re.compile(r"(?P<domain>[^/:]*)(?:/(?P<four>\d{1,2}))?(?://(?P<six>\d{1,3}))?")
_WITH_DOMAIN = {"include", "exists"}
_MAYBE_DOMAIN = {"a", "mx", "ptr"}


class Result(StrEnum):
    """The result of a record for an IP address (section 2.6)."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"


class WrongSpfError(Exception):
    """The record cannot be used: receivers answer "permerror" to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One mechanism, and its result for the addresses that it matches."""

    result: Result
    name: str
    domain: str  # empty: the domain of the record
    network: IPv4Network | IPv6Network | None = None
    prefix_lengths: tuple[int, int] = (32, 128)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A parsed SPF record."""

    terms: tuple[Term, ...]
    redirect: str | None

    @property
    def default(self) -> Result | None:
        """The result of ``all``; None if the record has no such term."""
        return next((term.result for term in self.terms if term.name == "all"), None)


@dataclass(slots=True)
class Evaluation:
    """The result of evaluating a whole record, including the terms after the first match."""

    result: Result = Result.NEUTRAL
    lookups: int = 0
    voids: int = 0
    not_followed: list[str] = field(default_factory=list)
    uses_ptr: bool = False


def spf_records(names: Names, domain: str) -> tuple[str, ...]:
    """The SPF records among the TXT records of a domain; there should be one."""
    texts = names.ask(domain, "TXT").records
    return tuple(text for text in texts if re.match(r"v=spf1(?: |\Z)", text, re.IGNORECASE))


def parse(text: str) -> Record:
    """Parses a record; raises WrongSpfError for a term that is not valid."""
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    for word in text.split(" ")[1:]:
        if not word:
            continue
        match = _TERM.fullmatch(word)
        if match is None:
            raise WrongSpfError(f"“{word}” is not a valid term")
        name, rest = match["name"].lower(), match["rest"]
        if rest.startswith("="):
            if name in {"redirect", "exp"} and name in modifiers:
                raise WrongSpfError(f"“{name}=” occurs twice")
            modifiers[name] = rest[1:]
        else:
            terms.append(_mechanism(word, match["qualifier"] or "+", name, rest))
    redirect = modifiers.get("redirect")
    if redirect == "":
        raise WrongSpfError("“redirect=” names no domain")
    return Record(terms=tuple(terms), redirect=redirect)


def evaluate(names: Names, domain: str, text: str, address: Address) -> Evaluation:
    """Evaluates the record ``text`` of ``domain`` for ``address``, and counts the lookups that this takes."""
    evaluation = Evaluation()
    evaluation.result = _Walk(names, address, evaluation).follow(domain, text)
    return evaluation


class _Walk:
    def __init__(self, names: Names, address: Address, evaluation: Evaluation) -> None:
        self._names = names
        self._address = address
        self._seen = evaluation

    def follow(self, domain: str, text: str) -> Result:
        try:
            record = parse(text)
        except WrongSpfError as error:
            raise WrongSpfError(f"{domain}: {error}") from error
        matched: Result | None = None
        for term in record.terms:
            if self._matches(term, domain) and matched is None:
                matched = term.result
        if record.redirect is not None and record.default is None:
            self._count()
            redirected = self._record_of(record.redirect, f"redirect={record.redirect}")
            matched = matched or redirected
        return matched or Result.NEUTRAL

    def _matches(self, term: Term, domain: str) -> bool:
        if term.name == "all":
            return True
        if term.network is not None:
            return self._address in term.network
        self._count()
        target = term.domain or domain
        if term.name == "include":
            return self._record_of(target, f"include:{target}") is Result.PASS
        return self._finds(term, target)

    def _finds(self, term: Term, target: str) -> bool:
        if term.name == "ptr":
            self._seen.uses_ptr = True
            return False
        if "%" in target:
            self._seen.not_followed.append(f"{term.name}:{target}")
            return False
        if term.name == "exists":
            return bool(self._look(target, "A"))
        hosts = self._mail_hosts(target) if term.name == "mx" else (target,)
        return any(self._is_at(host, term, counts=term.name == "a") for host in hosts)

    def _record_of(self, domain: str, term: str) -> Result | None:
        if "%" in domain:
            self._seen.not_followed.append(term)
            return None
        records = spf_records(self._names, domain)
        if len(records) != 1:
            raise WrongSpfError(
                f"“{term}”: {domain} has {'several SPF records' if records else 'no SPF record'}"
            )
        return self.follow(domain, records[0])

    def _mail_hosts(self, domain: str) -> tuple[str, ...]:
        hosts = tuple(record.split()[1] for record in self._look(domain, "MX"))
        if len(hosts) > LOOKUP_LIMIT:  # section 4.6.4, also for the addresses of one "mx"
            raise WrongSpfError(f"“mx”: {domain} has more than {LOOKUP_LIMIT} mail hosts")
        return hosts

    def _is_at(self, host: str, term: Term, *, counts: bool) -> bool:
        kind: Kind = "A" if self._address.version == 4 else "AAAA"
        records = self._look(host, kind) if counts else self._names.ask(host, kind).records
        length = term.prefix_lengths[0 if kind == "A" else 1]
        return any(
            self._address in ip_network((ip_address(record), length), strict=False) for record in records
        )

    def _look(self, name: str, kind: Kind) -> tuple[str, ...]:
        records = self._names.ask(name, kind).records
        self._seen.voids += not records
        return records

    def _count(self) -> None:
        self._seen.lookups += 1
        if self._seen.lookups > COUNT_LIMIT:
            raise WrongSpfError(f"more than {COUNT_LIMIT} DNS lookups, {LOOKUP_LIMIT} are allowed")


def _mechanism(word: str, qualifier: str, name: str, rest: str) -> Term:
    result = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}[qualifier]
    value = rest[1:] if rest.startswith(":") else ""
    if name == "all" and not rest:
        return Term(result=result, name=name, domain="")
    if name in {"ip4", "ip6"} and value:
        try:
            network = ip_network(value, strict=False)
        except ValueError as error:
            raise WrongSpfError(f"“{word}” is not an address") from error
        if f"ip{network.version}" != name:
            raise WrongSpfError(f"“{word}” is an address of the other IP version")
        return Term(result=result, name=name, domain="", network=network)
    if name in _WITH_DOMAIN and value:
        return Term(result=result, name=name, domain=value)
    if name in _MAYBE_DOMAIN and (match := _CIDR.fullmatch(value or rest)):
        lengths = (int(match["four"] or 32), int(match["six"] or 128))
        if lengths[0] <= 32 and lengths[1] <= 128:
            return Term(result=result, name=name, domain=match["domain"], prefix_lengths=lengths)
    raise WrongSpfError(f"“{word}” is not a valid term")
