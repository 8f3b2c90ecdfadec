"""Finds headers that take long to read: Python needs time with the square of their length."""

from __future__ import annotations

LONGEST = 2**12  # octets with the folded lines; no mail server writes one of these headers as long
STRUCTURED = (b"content-type:", b"content-disposition:")


def has_long_header(raw: bytes) -> bool:
    """Whether an email has such a header with parameters, in any of its parts."""
    octets = 0  # of the header that is being read; none if it is another one
    for line in raw.splitlines():
        if line[:20].lower().startswith(STRUCTURED):
            octets = len(line)
        elif octets and line[:1] in (b" ", b"\t"):
            octets += len(line)
        else:
            octets = 0
        if octets > LONGEST:
            return True
    return False
