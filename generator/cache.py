"""Results of earlier builds: rendered texts, comparisons and finished pages.

Deleting the cache changes no byte of a site. A key must therefore contain everything that its value depends
on: a digest of the content and the version of the code that made the value.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, MutableMapping
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType

FILE = "policysite.sqlite3"
MAKE = (
    "CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS used (key TEXT PRIMARY KEY, day TEXT NOT NULL) WITHOUT ROWID",
)
# A build reuses a finished page without its parts, so the parts stay unused for a long time.
REMEMBERED = timedelta(days=90)
NOTED_EVERY = timedelta(days=7)


class Cache(MutableMapping[str, str]):
    """Texts by key, in a database file in ``folder``. A damaged file is replaced by an empty one.

    New texts are written when the ``with`` block ends. Without a folder they are kept in memory only.
    """

    def __init__(self, folder: Path | None) -> None:
        self._used: set[str] = set()
        self._new: dict[str, bytes] = {}
        if folder is None:
            self._database = _open(None)
            return
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / FILE
        try:
            self._database = _open(file)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # not a database, or a damaged one
            file.unlink()
            self._database = _open(file)

    def __getitem__(self, key: str) -> str:
        packed = self._new.get(key)
        if packed is None:
            row = self._database.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
            if row is None:
                raise KeyError(key)
            packed = row[0]
        self._used.add(key)
        return zlib.decompress(packed).decode()

    def __setitem__(self, key: str, value: str) -> None:
        self._used.add(key)
        self._new[key] = zlib.compress(value.encode(), 1)

    def __delitem__(self, key: str) -> None:
        known = self._new.pop(key, None) is not None
        if not self._database.execute("DELETE FROM kept WHERE key = ?", (key,)).rowcount and not known:
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        assert isinstance(key, str)
        found = self._database.execute("SELECT 1 FROM kept WHERE key = ?", (key,)).fetchone()
        if found is None and key not in self._new:
            return False
        self._used.add(key)
        return True

    def __iter__(self) -> Iterator[str]:
        kept = {key for (key,) in self._database.execute("SELECT key FROM kept")}
        return iter(sorted(kept | self._new.keys()))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def forget_unused(self, *, today: date) -> None:
        """Record which texts this build used, and delete those that no build used for ``REMEMBERED``."""
        known = dict(self._database.execute("SELECT key, day FROM used"))
        lately = (today - NOTED_EVERY).isoformat()
        noted = [(key, today.isoformat()) for key in self._used if known.get(key, "") <= lately]
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT OR REPLACE INTO used VALUES (?, ?)", noted)
        self._database.execute("DELETE FROM used WHERE day < ?", ((today - REMEMBERED).isoformat(),))
        self._database.execute("DELETE FROM kept WHERE key NOT IN (SELECT key FROM used)")
        self._database.execute("COMMIT")

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", self._new.items())
        self._database.execute("COMMIT")
        self._database.close()


def _open(file: Path | None) -> sqlite3.Connection:
    database = sqlite3.connect(file or ":memory:", isolation_level=None, check_same_thread=False, timeout=60)
    try:
        database.execute("PRAGMA synchronous = OFF")  # anything lost is made again
        for statement in MAKE:
            database.execute(statement)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
