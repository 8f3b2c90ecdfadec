"""One spelling for each mail address, and the refusal of what is none.

Syntax only: whether mail arrives there is learned by sending, and no name server is asked.
"""

from __future__ import annotations

import re

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

# What email-validator takes and gives back as it is. It needs some 50 µs for an address, this 1 µs, and most
# addresses are plain; a test holds the two equal. Lengths: RFC 5321, section 4.5.3.1; RFC 3696, erratum 1690.
_ATOM = r"[a-z0-9_+-]+"
_LABEL = r"(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_RESERVED = "|".join(map(re.escape, SPECIAL_USE_DOMAIN_NAMES))
_PLAIN = re.compile(
    rf"(?=.{{1,254}}\Z)(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*"
    rf"@(?!(?:.*\.)?(?:{_RESERVED})\Z)(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?!..--)[a-z]{{2,63}}"
)


def read_address(text: str) -> str:
    """``text`` as the registry keeps it: lower case, domain in ASCII (punycode).

    Lower case because providers and people take Anna@ and anna@ for one mailbox, whatever RFC 5321 allows.
    Raises ``ValueError`` whose text says what is wrong and does not quote the address.
    """
    lowered = text.lower()
    if text.isascii() and _PLAIN.fullmatch(lowered):
        return lowered
    return read_unusual_address(text)


def read_unusual_address(text: str) -> str:
    """The same for any address, by email-validator alone."""
    try:
        address = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise ValueError(str(error).removesuffix(".")) from error
    return f"{address.local_part}@{address.ascii_domain}".lower()
