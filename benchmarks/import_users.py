"""How long importing users takes, and how much memory, beside a bare load of the same rows.

    python benchmarks/import_users.py [--users 1000000] [--postgresql URL]

Each step runs in a process of its own, on SQLite and, with ``--postgresql`` (the URL of a role that may
create databases), on PostgreSQL. "Bare" reads the file with ``csv`` and writes the same columns to the same
table by ``executemany`` or ``COPY``, unchecked: the ratio to it does not depend on the machine.
"""

from __future__ import annotations

import argparse
import csv
import secrets
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from databases import new_databases
from measuring import Figures, in_own_process, machine, print_figures

from subscribers.database import connected, open_database
from subscribers.users.erasures import ErasureKeys
from subscribers.users.import_file import ImportFile
from subscribers.users.import_users import import_users

SECONDS_ALLOWED, MEGABYTES_ALLOWED = 60, 250  # for a million users, each step
COPY = "COPY users (external_id, email, language, registered_at, pseudonym_key) FROM STDIN"
INSERT = """INSERT INTO users (external_id, email, language, registered_at, pseudonym_key)
            VALUES (?, ?, ?, ?, ?)"""
Values = tuple[str, str, str, str, bytes]


def main() -> None:
    """Run every step on every database and print the table; exit 1 when a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--postgresql", metavar="URL")
    parser.add_argument("--step", nargs=3, metavar=("STEP", "URL", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        _measure(*arguments.step)
        return
    print(f"{arguments.users:,} users; {machine()}")
    print(f"{'':12}{'step':24}{'seconds':>9}{'MB':>6}{'ratio to bare':>15}")
    passed = False
    with tempfile.TemporaryDirectory() as folder:
        files = _write_users(Path(folder), arguments.users)
        for kind, new_database in new_databases(Path(folder), arguments.postgresql, prefix="import_users"):
            passed |= _run_steps(kind, new_database, files, arguments.users)
    sys.exit(1 if passed else 0)


def _run_steps(kind: str, new_database: Callable[[], str], files: dict[str, Path], users: int) -> bool:
    bare = in_own_process(__file__, "--step", "bare", new_database(), str(files["first"]))
    _print(kind, "bare load", bare, bare)
    url = new_database()
    passed = False
    for name, file in (
        ("first import", files["first"]),
        ("the same again", files["first"]),
        ("--replace, 1 % differ", files["second"]),
    ):
        figures = in_own_process(__file__, "--step", "import", url, str(file))
        _print(kind, name, figures, bare)
        too_slow = figures["seconds"] > SECONDS_ALLOWED * max(users, 1) / 1_000_000
        passed |= users >= 1_000_000 and (too_slow or figures["megabytes"] > MEGABYTES_ALLOWED)
    return passed


def _print(kind: str, name: str, figures: Figures, bare: Figures) -> None:
    ratio = figures["seconds"] / bare["seconds"]
    print(f"{kind:12}{name:24}{figures['seconds']:9.1f}{figures['megabytes']:6.0f}{ratio:15.1f}", flush=True)


def _measure(step: str, url: str, file: str) -> None:
    load = _load_bare if step == "bare" else _import
    print_figures(lambda: load(url, Path(file)))


def _import(url: str, file: Path) -> None:
    now = datetime.now(UTC)
    import_users(
        open_database(url),
        ImportFile(file, language=None, now=now),
        keys=ErasureKeys([]),
        now=now,
        replace=True,
    )


def _load_bare(url: str, file: Path) -> None:
    with connected(open_database(url)) as connection, file.open(encoding="utf-8", newline="") as users:
        values = _bare_values(csv.reader(users))
        driver = connection.connection.dbapi_connection
        if isinstance(driver, psycopg.Connection):
            with driver.cursor() as cursor, cursor.copy(COPY) as copy:
                for value in values:
                    copy.write_row(value)
        else:
            assert isinstance(driver, sqlite3.Connection)
            driver.execute("BEGIN IMMEDIATE")
            driver.executemany(INSERT, values)
        driver.commit()


def _bare_values(rows: Iterator[list[str]]) -> Iterator[Values]:
    next(rows)
    for external_id, email, language, registered_at in rows:
        yield external_id, email, language, registered_at, secrets.token_bytes(32)


def _write_users(folder: Path, users: int) -> dict[str, Path]:
    """Two lists of the same shop, a day apart: one in two hundred has left, as many are new or have moved."""
    files = {"first": folder / "first.csv", "second": folder / "second.csv"}
    for day, file in enumerate(files.values()):
        with file.open("w", encoding="utf-8", newline="") as output:
            writer = csv.writer(output)
            writer.writerow(("external_id", "email", "language", "registered_at"))
            for number in range(day * users // 200, users + day * users // 400):
                moved = day and number % 400 == 0
                address = f"user{number}@{'new' if moved else 'shop'}{number % 997}.example.com"
                language = "ru" if number % 2 else "en"
                writer.writerow(
                    (number, address, language, f"2024-03-{number % 28 + 1:02}T09:30:{number % 60:02}Z")
                )
    return files


if __name__ == "__main__":
    main()
