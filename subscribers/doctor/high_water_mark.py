"""Checks the high-water mark: that the database is the newest one, and that both cannot be lost at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Engine, text

from subscribers.database import reading
from subscribers.doctor.finding import Finding, error, ok, warning
from subscribers.errors import NotifyError
from subscribers.high_water_mark.configured import configured_mark
from subscribers.high_water_mark.high_water_mark import HighWaterMark
from subscribers.high_water_mark.mark_store import MARK_SETTING, MarkError
from subscribers.settings import Settings

TOPIC = "high-water mark"


def check_high_water_mark(engine: Engine, settings: Settings) -> Iterable[Finding]:
    """Yields findings on the mark of a database. Makes no mark."""
    try:
        mark = configured_mark(settings, engine)
    except NotifyError as refused:
        yield error(TOPIC, MARK_SETTING, str(refused), "correct it; nothing can be sent before")
        return
    try:
        found = mark.verify()
    except MarkError as refused:
        yield error(TOPIC, mark.store.place, str(refused), "nothing can be sent before")
        return
    if found is None:
        yield ok(TOPIC, mark.store.place, "it will be made when the first announcement is sent")
    else:
        yield ok(TOPIC, mark.store.place, f"the database knows it (number {found.position.number:,})")
    yield from _apart(engine, mark)
    if engine.dialect.name == "postgresql":
        with reading(engine) as connection:
            commit = connection.scalar(text("SHOW synchronous_commit"))
        if commit == "off":
            yield warning(
                TOPIC,
                "synchronous_commit",
                "PostgreSQL may lose the newest intents in a crash, and then the database refuses to send",
                "set synchronous_commit = on",
            )


def _apart(engine: Engine, mark: HighWaterMark) -> Iterable[Finding]:
    """A warning if the mark would be restored, or lost, together with the database."""
    file = mark.store.file
    if file is None:
        if _server(engine) == _server(mark.store.engine):
            yield warning(
                TOPIC,
                mark.store.place,
                "it is on the database's own server, and a restored server would bring back both",
                "keep the mark on another server, or restore single databases only",
            )
    elif engine.dialect.name == "postgresql":
        yield warning(
            TOPIC,
            str(file),
            "it is a file of this machine, and other machines could not send to the database's users",
            f"to send from several machines, set {MARK_SETTING} to another PostgreSQL database",
        )
    elif engine.url.database and _volume(file) == _volume(Path(engine.url.database)):
        yield warning(
            TOPIC,
            str(file),
            "it is on the volume of the database, and a restored snapshot would bring back both",
            f"name a file on another volume: {MARK_SETTING}=sqlite:///FILE",
        )


def _server(engine: Engine) -> tuple[object, ...]:
    return engine.url.host, engine.url.normalized_query.get("host"), engine.url.port


def _volume(file: Path) -> int:
    """The device of the file, or of the folder in which it would be made."""
    place = file.absolute()
    return next(path for path in (place, *place.parents) if path.exists()).stat().st_dev
