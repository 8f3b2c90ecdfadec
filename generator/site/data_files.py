"""How files for programs are written: readable by people, and equal byte for byte when nothing changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from xml.etree import ElementTree as ET


def json_file(value: object) -> bytes:
    """The value as a UTF-8 file with one entry per line."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def xml_file(root: ET.Element) -> bytes:
    """The element as a UTF-8 file with one element per line."""
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def utc_time(at: datetime) -> str:
    """The time in UTC, such as ``2026-11-22T09:30:00Z`` (RFC 3339)."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
