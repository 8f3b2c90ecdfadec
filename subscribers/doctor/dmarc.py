"""Reads DMARC records and says whether two domains are aligned (RFC 7489).

RFC 7489 finds the organisational domain with the public suffix list, which this program does not have.
Instead it takes the highest name, of two labels or more, that has a DMARC record. If a domain registry
publishes a record of its own, or no name above the From domain has one, a receiver may decide otherwise;
findings say so where it matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from subscribers.doctor.dkim import tags
from subscribers.doctor.dns_queries import Names

POLICIES = ("none", "quarantine", "reject")


class WrongDmarcError(Exception):
    """Receivers act as if there were no record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dmarc:
    """The policy for a From domain; ``domain`` is the name that has the record."""

    domain: str
    organisation: str
    policy: str
    strict_dkim: bool
    strict_spf: bool


def find_dmarc(names: Names, domain: str) -> Dmarc | None:
    """The policy at ``domain`` or, where it has none, at the nearest name above it."""
    found: list[tuple[str, dict[str, str]]] = []
    for candidate in at_and_above(domain):
        records = [
            text
            for text in names.ask(f"_dmarc.{candidate}", "TXT").records
            if text.partition(";")[0].replace(" ", "") == "v=DMARC1"
        ]
        if len(records) > 1:  # section 6.6.3: then receivers ignore them all
            raise WrongDmarcError(f"_dmarc.{candidate} has {len(records)} records")
        if records:
            found.append((candidate, tags(records[0])))
    if not found:
        return None
    place, values = found[0]
    policy = values.get("p", "").lower()
    if policy not in POLICIES:
        raise WrongDmarcError(f"_dmarc.{place} says “p={policy}”, which is not a policy")
    if place != domain and values.get("sp", "").lower() in POLICIES:
        policy = values["sp"].lower()
    return Dmarc(
        domain=place,
        organisation=found[-1][0],
        policy=policy,
        strict_dkim=values.get("adkim", "r").lower() == "s",
        strict_spf=values.get("aspf", "r").lower() == "s",
    )


def is_aligned(domain: str, sender_domain: str, *, organisation: str, strict: bool) -> bool:
    """Whether ``domain`` (of a signature, or of the envelope) vouches for ``sender_domain`` (section 3.1).

    A name above the From domain with a key or an envelope is the organisation's own:
    domain registries have neither.
    """
    if strict:
        return domain == sender_domain
    return is_within(sender_domain, domain) or all(
        is_within(name, organisation) for name in (domain, sender_domain)
    )


def is_within(name: str, domain: str) -> bool:
    """Whether ``name`` is ``domain`` or a name below it."""
    return name == domain or name.endswith(f".{domain}")


def at_and_above(domain: str) -> Iterator[str]:
    """Yields ``domain`` and the names above it that have at least two labels."""
    labels = domain.split(".")
    for start in range(max(len(labels) - 1, 1)):
        yield ".".join(labels[start:])
