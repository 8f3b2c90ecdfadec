"""Names the DNS records that may hold the keys of our signatures (RFC 6376, section 3.6.2.1)."""

from __future__ import annotations

from collections.abc import Iterator

from subscribers.settings import Settings

KEY_MARK = "._domainkey."
SENDGRID_SELECTORS = ("s1", "s2")  # the default of its domain authentication


def key_names(settings: Settings, domain: str) -> tuple[tuple[str, ...], ...]:
    """The sets of names, such as ``s1._domainkey.example.com``; the first set with a record counts.

    ``domain`` is that of the From address. There are none if the selectors are not known.
    """
    if settings.dkim_selectors:
        given = settings.dkim_selectors.lower().split()
        return (tuple(name if KEY_MARK in name else f"{name}{KEY_MARK}{domain}" for name in given),)
    if settings.transport == "sendgrid":
        return tuple(
            tuple(f"{selector}{KEY_MARK}{place}" for selector in SENDGRID_SELECTORS)
            for place in at_and_above(domain)
        )
    return ()


def at_and_above(domain: str) -> Iterator[str]:
    """Yields ``domain`` and the names above it that have at least two labels."""
    labels = domain.split(".")
    for start in range(max(len(labels) - 1, 1)):
        yield ".".join(labels[start:])
