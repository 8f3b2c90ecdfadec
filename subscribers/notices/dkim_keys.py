"""Reads from the DNS the public keys that receivers check our signatures with (RFC 6376, section 3.6).

A key is replaced after some months and then vanishes from the DNS. The list of emails keeps each key with the
days on which it was seen, so that a signature can still be checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date

from subscribers.dkim_names import KEY_MARK
from subscribers.errors import NotifyError
from subscribers.site.notices_json import NoticedDkimKey

LOOKUP_SECONDS = 5.0

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
            if "p=" not in record:
                continue
            found = (domain, selector, record)
            if found in keys:
                keys[found] = replace(keys[found], last_seen_on=today)
            else:
                keys[found] = NoticedDkimKey(
                    domain=domain, selector=selector, record=record, first_seen_on=today, last_seen_on=today
                )
    return sorted(keys.values(), key=lambda key: (key.domain, key.selector, key.first_seen_on, key.record))


def txt_records(name: str) -> Sequence[str]:
    """The TXT records of a name, from the name servers of this machine."""
    from dns.exception import DNSException  # noqa: PLC0415 - takes 50 ms, and only this command needs it
    from dns.resolver import NXDOMAIN, NoAnswer, resolve  # noqa: PLC0415

    try:
        answer = resolve(name, "TXT", lifetime=LOOKUP_SECONDS)
    except (NXDOMAIN, NoAnswer):
        return ()
    except DNSException as error:
        raise DnsFailureError(
            f"{name} TXT: the DNS did not answer ({type(error).__name__}); run the command again, "
            "or use --no-dns to list no new DKIM keys"
        ) from error
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
