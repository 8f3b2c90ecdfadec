"""Says whether two domains are aligned (RFC 9989, sections 4.10.2 and 5.3), which checkdmarc does not do."""

from __future__ import annotations

from collections.abc import Iterator

from subscribers.doctor.dkim import tags
from subscribers.doctor.dns_queries import Names

LONGEST_WALK = 8  # section 4.10: names that are asked for at most


def is_aligned(names: Names, domain: str, sender_domain: str, *, strict: bool) -> bool:
    """Whether ``domain`` (of a signature, or of the envelope) vouches for ``sender_domain``."""
    if strict or domain == sender_domain:
        return domain == sender_domain
    return organisational_domain(names, domain) == organisational_domain(names, sender_domain)


def organisational_domain(names: Names, domain: str) -> str:
    """The domain of the organisation that ``domain`` belongs to, found by a walk up the DNS tree."""
    found = domain
    for name in _walk(domain):
        psd = _psd(names, name)
        if psd is None:
            continue
        if psd == "y" and name != domain:
            return domain.removesuffix(f".{name}").rpartition(".")[2] + f".{name}"
        found = name
        if psd in {"n", "y"}:
            break
    return found


def is_within(name: str, domain: str) -> bool:
    """Whether ``name`` is ``domain`` or a name below it."""
    return name == domain or name.endswith(f".{domain}")


def _walk(domain: str) -> Iterator[str]:
    """Yields ``domain`` and the names above it, without those in the middle of a very long one."""
    yield domain
    labels = domain.split(".")
    for start in range(max(1, len(labels) - LONGEST_WALK + 1), len(labels)):
        yield ".".join(labels[start:])


def _psd(names: Names, name: str) -> str | None:
    """The tag ``psd`` of the only DMARC record at a name, “u” if it has none; None without a record."""
    records = [
        text
        for text in names.ask(f"_dmarc.{name}", "TXT").records
        if text.partition(";")[0].replace(" ", "").lower() == "v=dmarc1"
    ]
    return tags(records[0]).get("psd", "u").lower() if len(records) == 1 else None
