"""Asks the name servers, and distinguishes their kinds of answers. The only file here that imports dnspython.

A name that does not exist and a name without such a record both give an empty answer, which says which of
the two it is. A time-out, a SERVFAIL and a refusal raise ``UnansweredError``.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

import dns.resolver
from dns.exception import DNSException
from dns.rcode import to_text as rcode_text
from dns.rdata import Rdata
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import (
    NXDOMAIN,
    LifetimeTimeout,
    NoAnswer,
    NoNameservers,
    NoResolverConfiguration,
    Resolver,
    get_default_resolver,
)
from dns.reversename import from_address

from subscribers.errors import NotifyError

LIFETIME_SECONDS = 6.0  # for one question, over all name servers and repetitions
UDP_BYTES = 1232  # what the DNS flag day of 2020 agreed on; longer answers come over TCP

COURTESY = {"CNAME", "SPF"}  # only for further warnings of checkdmarc
Kind = Literal["A", "AAAA", "MX", "TXT", "PTR", "TLSA"]
Address = IPv4Address | IPv6Address


class UnansweredError(NotifyError):
    """The name servers gave no usable answer."""

    def __init__(self, name: str, kind: str, reason: str) -> None:
        super().__init__(f"{name} {kind}: {reason}")
        self.where = f"{name} {kind}"
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of one kind at a name, as text; ``exists`` says whether the name has any records."""

    records: tuple[str, ...]
    exists: bool

    @property
    def absence(self) -> str:
        """Why there are no records, in words."""
        return "no such record" if self.exists else "the name does not exist (NXDOMAIN)"


class Names:
    """The DNS questions of one run; each is asked once.

    checkdmarc takes it as its resolver. That library takes a missing answer for an absent record, so
    ``resolve`` raises an error that it does not know, and that comes through.
    """

    def __init__(self, resolver: Resolver, *, lifetime_seconds: float = LIFETIME_SECONDS) -> None:
        self._resolver = resolver
        self._resolver.use_edns(0, 0, UDP_BYTES)
        self.lifetime = lifetime_seconds
        self._found: dict[tuple[str, str], dns.resolver.Answer | Exception] = {}

    def ask(self, name: str, kind: Kind) -> Answer:
        """The records of ``kind`` at ``name``, with aliases followed; raises UnansweredError."""
        try:
            return Answer(tuple(_text(record) for record in self.resolve(name, kind)), exists=True)
        except NXDOMAIN:
            return Answer((), exists=False)
        except NoAnswer:
            return Answer((), exists=True)

    def resolve(self, name: str, kind: str, **_: object) -> dns.resolver.Answer:
        """The same in dnspython's form; raises its NXDOMAIN and NoAnswer, and UnansweredError."""
        question = (name.lower().rstrip("."), kind)
        if question not in self._found:
            self._found[question] = self._ask(*question)
        found = self._found[question]
        if isinstance(found, UnansweredError) and kind in COURTESY:
            raise NoAnswer
        if isinstance(found, Exception):
            raise found
        return found

    def addresses(self, host: str) -> tuple[Address, ...]:
        """All IPv4 and IPv6 addresses of a host."""
        return (
            *(IPv4Address(record) for record in self.ask(host, "A").records),
            *(IPv6Address(record) for record in self.ask(host, "AAAA").records),
        )

    def pointers(self, address: Address) -> Answer:
        """The names in the PTR record of an IP address."""
        return self.ask(reverse_name(address), "PTR")

    def _ask(self, name: str, kind: str) -> dns.resolver.Answer | Exception:
        try:
            return self._resolver.resolve(f"{name}.", kind, lifetime=self.lifetime)
        except (NXDOMAIN, NoAnswer) as absent:
            return absent
        except LifetimeTimeout:
            return UnansweredError(name, kind, f"no answer within {self.lifetime:g} s")
        except NoNameservers as error:
            return UnansweredError(name, kind, _failure(error))
        except DNSException as error:
            return UnansweredError(name, kind, str(error) or type(error).__name__)


class NoNames:
    """A resolver for checkdmarc that asks nobody: it knows no names."""

    lifetime = 0.0

    def resolve(self, *_: object, **__: object) -> dns.resolver.Answer:
        raise NoAnswer


def system_names() -> Names:
    """Asks the name servers that this machine is configured to use."""
    try:
        return Names(get_default_resolver())
    except NoResolverConfiguration as error:
        raise NotifyError("name servers: this machine has none; add one to /etc/resolv.conf") from error


def host_addresses(names: Names, host: str) -> tuple[Address, ...]:
    """The IP addresses of a host, which is given by name or by IP address."""
    try:
        return (ip_address(host),)
    except ValueError:
        return names.addresses(host)


def reverse_name(address: Address) -> str:
    """The name at which the PTR record of an IP address is."""
    return from_address(str(address)).to_text(omit_final_dot=True)


def _failure(error: NoNameservers) -> str:
    """Why the name servers gave no answer, by their response codes."""
    answers = [attempt[4] for attempt in error.kwargs.get("errors", ()) if attempt[4] is not None]
    codes = sorted({rcode_text(answer.rcode()) for answer in answers})
    return f"the name server failed ({', '.join(codes)})" if codes else "no name server can be reached"


def _text(record: Rdata) -> str:
    """A record as text; a long TXT record comes in pieces that are joined without a space (RFC 7208, 3.3)."""
    if isinstance(record, TXT):
        return b"".join(record.strings).decode("ascii", "replace")
    if isinstance(record, MX):
        return f"{record.preference} {record.exchange.to_text(omit_final_dot=True)}"
    return record.to_text().rstrip(".")
