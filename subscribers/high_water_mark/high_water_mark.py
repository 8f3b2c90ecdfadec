"""Compares the database with its high-water mark, and moves the mark before each request.

The order is what makes it safe: first the intent is committed in the database, then the mark moves, then the
request is written. So a mark that the database does not know always means that the database is old.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine, func, select

from subscribers.clock import utc_now
from subscribers.database import reading, shown, writing
from subscribers.high_water_mark import installation
from subscribers.high_water_mark.chain import Link
from subscribers.high_water_mark.installation import Installation
from subscribers.high_water_mark.mark_store import MARK_SETTING, WAYS_ON, Mark, MarkError, MarkStore
from subscribers.high_water_mark.other_evidence import check_events
from subscribers.model import attempts


class OldDatabaseError(MarkError):
    """The mark is ahead of the database, or beside it: requests were made that this copy does not know."""

    def __init__(
        self, engine: Engine, own: Installation, mark: Mark, *, place: str, newest: datetime | None
    ) -> None:
        missing = mark.position.number - own.position.number
        if missing > 0:
            what = f"{missing:,} request{'' if missing == 1 else 's'} that it does not know"
        else:
            what = "other requests than it knows"
        since = f"after {newest:%Y-%m-%d %H:%M:%S} UTC" if newest else "after it was made"
        super().__init__(
            f"database {shown(engine.url)}: it is an old copy: {what} may have been sent {since}, the newest "
            f"at {mark.at:%Y-%m-%d %H:%M:%S} UTC (high-water mark {place}). {WAYS_ON}"
        )
        self.missing = max(missing, 0)
        self.mark = mark


class MissingMarkError(MarkError):
    """The database records a high-water mark, and none is found."""

    def __init__(self, engine: Engine, *, place: str) -> None:
        super().__init__(
            f"database {shown(engine.url)}: its high-water mark is missing: expected at {place}. Without it "
            "nobody knows whether the database is the newest one, and nothing was sent. If the mark is "
            f"elsewhere, or the database was moved from another machine, bring the mark here or name it in "
            f"{MARK_SETTING}; if it is lost, or this is meant to be a copy, see policy-notify recover --help"
        )
        self.place = place


class HighWaterMark:
    """The mark of one database."""

    def __init__(self, engine: Engine, store: MarkStore, *, now: Callable[[], datetime] = utc_now) -> None:
        self.engine = engine
        self.store = store
        self._now = now

    def verify(self) -> Mark | None:
        """The mark; None if the database never had one. Raises MarkError if the database may not send."""
        own = self._own()
        mark = self.store.read(own.identity)
        if mark is not None:
            self._compare(mark)
        elif own.is_marked:
            raise MissingMarkError(self.engine, place=self.store.place)
        with reading(self.engine) as connection:
            check_events(self.engine, connection)
        return mark

    def check(self) -> Mark:
        """The mark, made if the database never had one. Raises MarkError if the database may not send."""
        mark = self.verify()
        own = self._own()
        if mark is None:
            self.store.start(own.identity, own.position, at=self._now())
            mark = self.verify()
            assert mark is not None
        if not own.is_marked:
            with writing(self.engine) as connection:
                installation.note_marked(connection, at=self._now())
        return mark

    def advance(self, link: Link) -> None:
        """Move the mark durably to an attempt whose intent is committed; then its request may be written.

        Raises MarkError if the mark is one that the database does not know: then nothing may be written.
        """
        before = link.before
        while not self.store.move(link.identity, before=before, after=link.after, at=self._now()):
            mark = self.check()
            if mark.position.number >= link.after.number:
                return  # another sender, whose attempt came later, has moved it
            before = mark.position

    def _own(self) -> Installation:
        with reading(self.engine) as connection:
            installation.refuse_if_moved(connection)
            return installation.read_installation(connection)

    def _compare(self, mark: Mark) -> None:
        """Look for the mark's position in the database, which is read after the mark: other senders go on."""
        with reading(self.engine) as connection:
            if installation.knows(connection, mark.position):
                return
            own = installation.read_installation(connection)
            newest = connection.scalars(select(func.max(attempts.c.claimed_at))).one()
        raise OldDatabaseError(self.engine, own, mark, place=self.store.place, newest=newest)
