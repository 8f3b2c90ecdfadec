"""The high-water mark of a test's database, in a file of that test."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from subscribers.high_water_mark.high_water_mark import HighWaterMark
from subscribers.high_water_mark.mark_store import MarkStore


def mark_beside(engine: Engine, place: Path) -> HighWaterMark:
    """The mark of the database, in a file beside ``place``. It is made at the first use."""
    return HighWaterMark(engine, MarkStore(f"sqlite:///{place.parent / 'mark.sqlite'}"))
