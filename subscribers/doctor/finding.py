"""What the doctor says of one thing it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"  # mail can go out; some of it may not arrive, or something is not known
    ERROR = "error"  # nothing should be sent before this is mended


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was seen, where, and what to do about it (nothing where all is well)."""

    level: Level
    topic: str
    where: str
    seen: str
    remedy: str | None = None


def ok(topic: str, where: str, seen: str) -> Finding:
    """All is well."""
    return Finding(level=Level.OK, topic=topic, where=where, seen=seen)


def warning(topic: str, where: str, seen: str, remedy: str) -> Finding:
    """Mail can go out, but ``seen`` may cost something."""
    return Finding(level=Level.WARNING, topic=topic, where=where, seen=seen, remedy=remedy)


def error(topic: str, where: str, seen: str, remedy: str) -> Finding:
    """Nothing should be sent before ``remedy``."""
    return Finding(level=Level.ERROR, topic=topic, where=where, seen=seen, remedy=remedy)
