"""One result of ``policy-notify doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    UNCHECKED = "unchecked"  # doctor cannot find it out, and the finding says who can
    WARNING = "warning"  # email can be sent, but some of it may not arrive, or something could not be checked
    ERROR = "error"  # send nothing before this is fixed


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding: its place, what was found there and what to do; ``remedy`` is None if all is well."""

    level: Level
    topic: str
    where: str
    seen: str
    remedy: str | None = None


def ok(topic: str, where: str, seen: str) -> Finding:
    """A finding that needs no action."""
    return Finding(level=Level.OK, topic=topic, where=where, seen=seen)


def warning(topic: str, where: str, seen: str, remedy: str) -> Finding:
    """A finding that does not prevent sending, although some email may not arrive."""
    return Finding(level=Level.WARNING, topic=topic, where=where, seen=seen, remedy=remedy)


def error(topic: str, where: str, seen: str, remedy: str) -> Finding:
    """A finding that has to be fixed, as ``remedy`` says, before anything is sent."""
    return Finding(level=Level.ERROR, topic=topic, where=where, seen=seen, remedy=remedy)


def unchecked(topic: str, where: str, seen: str, remedy: str) -> Finding:
    """A finding that doctor cannot come to; ``remedy`` says how a person can."""
    return Finding(level=Level.UNCHECKED, topic=topic, where=where, seen=seen, remedy=remedy)
