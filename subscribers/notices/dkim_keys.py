"""Reads from the DNS the public keys that receivers check our signatures with (RFC 6376, section 3.6).

A key is replaced after some months and then vanishes from the DNS. The list of emails keeps each key with the
days on which it was seen, so that a signature can still be checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from subscribers.dkim_names import KEY_MARK
from subscribers.errors import NotifyError
from subscribers.site.notices_json import NoticedDkimKey

if TYPE_CHECKING:
    from dns.resolver import Resolver

LOOKUP_SECONDS = 5.0
_KEY = re.compile(r"(^|;)\s*p\s*=\s*[A-Za-z0-9+/]")  # an empty one is revoked

Lookup = Callable[[str], Sequence[str]]  # the TXT records of a name; raises DnsFailureError


class DnsFailureError(NotifyError):
    """The DNS did not answer."""


def seen_keys(
    names: Iterable[str], earlier: Iterable[NoticedDkimKey], *, lookup: Lookup, today: date
) -> list[NoticedDkimKey]:
    """The keys of the earlier list and those that the DNS has today."""
    keys = {(key.domain, key.selector, key.record): key for key in earlier}
    for name in names:
        selector, _, domain = name.partition(KEY_MARK)
        for record in lookup(name):
            if not _KEY.search(record):
                continue
            found = (domain, selector, record)
            if found in keys:
                keys[found] = replace(keys[found], last_seen_on=today)
            else:
                keys[found] = NoticedDkimKey(
                    domain=domain, selector=selector, record=record, first_seen_on=today, last_seen_on=today
                )
    return sorted(keys.values(), key=lambda key: (key.domain, key.selector, key.first_seen_on, key.record))


def txt_records(name: str, *, resolver: Resolver | None = None) -> Sequence[str]:
    """The TXT records of a name, from the name servers of this machine unless a ``resolver`` is given."""
    from dns.exception import DNSException  # noqa: PLC0415 - takes 50 ms, and only this command needs it
    from dns.resolver import NXDOMAIN, NoAnswer, get_default_resolver  # noqa: PLC0415

    try:
        answer = (resolver or get_default_resolver()).resolve(name, "TXT", lifetime=LOOKUP_SECONDS)
    except (NXDOMAIN, NoAnswer):
        return ()
    except DNSException as error:
        raise DnsFailureError(
            f"{name} TXT: the DNS did not answer ({type(error).__name__}); run the command again, "
            "or use --no-dns to list no new DKIM keys"
        ) from error
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
