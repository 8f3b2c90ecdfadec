"""The limits for receiving domains, as POLICY_NOTIFY_DOMAIN_LIMITS names them. Pure.

In ``gmail.com=2000 outlook.com=500/2 *=10000``, the first number is recipients in an hour, and the one after
the slash is messages at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

OTHERS = "*"
_ONE = re.compile(r"(\*|[^\s=@/*]+)=([1-9][0-9]{0,8})?(?:/([1-9][0-9]{0,3}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainLimit:
    """The most that one receiving domain gets: recipients in an hour, and messages at the same time."""

    hourly: int | None = None
    at_once: int | None = None


DomainLimits = Mapping[str, DomainLimit]  # by domain; "*" for each other one
NO_DOMAIN_LIMITS: DomainLimits = {}


def read_limits(text: str) -> DomainLimits:
    """The limits that the setting names; raises ValueError if it names none correctly."""
    limits = {}
    for part in text.split():
        one = _ONE.fullmatch(part)
        if one is None or not (one[2] or one[3]):
            raise ValueError(
                f"{part!r} is not a limit; write gmail.com=2000 (recipients in an hour), gmail.com=2000/2 "
                "(and at most two at the same time) or *=2000 (every other domain)"
            )
        domain = one[1].lower()
        if domain in limits:
            raise ValueError(f"{domain} has two limits; remove one")
        limits[domain] = DomainLimit(
            hourly=int(one[2]) if one[2] else None, at_once=int(one[3]) if one[3] else None
        )
    return limits


def limit_of(limits: DomainLimits, domain: str) -> DomainLimit | None:
    """The limit of a domain; None if it has none."""
    return limits.get(domain, limits.get(OTHERS))
