"""How long backups, their check, restores and the move take, and how much memory.

    python benchmarks/backup.py [--users 1000000] [--postgresql URL]

The database has so many users, each with one delivery. Each step runs in a process of its own. "Bare" is the
database's own way to copy everything, ``VACUUM INTO`` or ``pg_dump``: neither encrypts or checks anything.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from databases import new_databases
from measuring import Figures, in_own_process, machine, print_figures
from sqlalchemy import create_engine, insert, make_url, text

from subscribers.backups.encryption import new_private_key
from subscribers.backups.make_backup import make_backup
from subscribers.backups.move_database import move_database
from subscribers.backups.restore_backup import restore_backup
from subscribers.backups.verify_backup import verify_backup
from subscribers.database import open_database, writing
from subscribers.high_water_mark.journal import Journal
from subscribers.high_water_mark.mark_store import MarkStore
from subscribers.model import AnnouncementState, BatchState, announcements, batches, deliveries, users
from subscribers.users.erasures import ErasureKeys

MEGABYTES_ALLOWED = 250
MONTH = timedelta(days=30)
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def main() -> None:
    """Run every step on every database and print the table; exit 1 when the limit of memory is passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--postgresql", metavar="URL")
    parser.add_argument(
        "--step", nargs=4, metavar=("STEP", "URL", "TARGET", "FOLDER"), help=argparse.SUPPRESS
    )
    arguments = parser.parse_args()
    if arguments.step:
        step, url, target, folder = arguments.step
        print_figures(lambda: STEPS[step](url, target, Path(folder)))
        return
    print(f"{arguments.users:,} users; {machine()}")
    print(f"{'':12}{'step':24}{'seconds':>9}{'MB':>6}{'ratio to bare':>15}")
    passed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        private, public = new_private_key()
        (folder / "private.txt").write_text(private)
        (folder / "public.txt").write_text(public)
        kinds = [*new_databases(folder, None, prefix="backup")]
        for kind, new_database in new_databases(folder, arguments.postgresql, prefix="backup"):
            url = new_database()
            _fill(url, arguments.users)
            (folder / "backup.age").unlink(missing_ok=True)
            bare: Figures | None = None
            for step, target in (
                ("bare", ""),
                ("backup", ""),
                ("verify", ""),
                ("restore", new_database()),
                ("move", kinds[0][1]() if kind == "PostgreSQL" else new_database()),
            ):
                figures = in_own_process(__file__, "--step", step, url, target, str(folder))
                bare = bare or figures
                _print(kind, step, figures, bare)
                passed |= figures["megabytes"] > MEGABYTES_ALLOWED
            print(f"{'':12}{(folder / 'backup.age').stat().st_size / 1e6:.0f} MB in the file")
    sys.exit(1 if passed else 0)


def _print(kind: str, name: str, figures: Figures, bare: Figures) -> None:
    ratio = figures["seconds"] / bare["seconds"]
    print(f"{kind:12}{name:24}{figures['seconds']:9.1f}{figures['megabytes']:6.0f}{ratio:15.1f}", flush=True)


def _fill(url: str, count: int) -> None:
    with writing(open_database(url)) as connection:
        announcement = {
            "id": 1,
            "state": AnnouncementState.OPEN.value,
            "site_url": "https://policy.example/",
            "site_language": "en",
            "commit": "0" * 40,
            "history_sha256": "0" * 64,
            "versions_sha256": "0" * 64,
            "made_at": NOW,
        }
        connection.execute(insert(announcements).values(announcement))
        batch = {
            "id": 1,
            "announcement_id": 1,
            "language": "en",
            "last_notified_id": 1,
            "size": count,
            "state": BatchState.PLANNED.value,
        }
        connection.execute(insert(batches).values(batch))
        for start in range(1, count + 1, 10_000):
            ids = range(start, min(start + 10_000, count + 1))
            connection.execute(
                insert(users),
                [
                    {
                        "id": each,
                        "external_id": f"customer-{each}",
                        "email": f"customer.{each}@mail{each % 97}.example",
                        "language": "en",
                        "registered_at": NOW,
                        "pseudonym_key": hashlib.sha256(str(each).encode()).digest(),
                    }
                    for each in ids
                ],
            )
            connection.execute(
                insert(deliveries),
                [
                    {
                        "announcement_id": 1,
                        "recipient_id": each,
                        "language": "en",
                        "last_notified_id": 1,
                        "batch_id": 1,
                    }
                    for each in ids
                ],
            )


def _bare(url: str, _: str, folder: Path) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM INTO :file"), {"file": str(folder / "bare.db")})
        (folder / "bare.db").unlink()
    elif shutil.which("pg_dump"):
        plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        subprocess.run(["pg_dump", "--file", str(folder / "bare.sql"), plain], check=True)


def _backup(url: str, _: str, folder: Path) -> None:
    engine = open_database(url)
    make_backup(
        engine,
        folder / "backup.age",
        journal=Journal(engine, lambda: _store(folder), retention=MONTH),
        public_keys=(folder / "public.txt").read_text(),
        retention=MONTH,
        now=NOW,
    )


def _verify(_: str, __: str, folder: Path) -> None:
    verify_backup(folder / "backup.age", folder / "private.txt")


def _restore(_: str, target: str, folder: Path) -> None:
    restore_backup(
        open_database(target),
        folder / "backup.age",
        folder / "private.txt",
        open_store=lambda _: _store(folder),
        keys=lambda: ErasureKeys([]),
        now=NOW,
    )


def _move(url: str, target: str, folder: Path) -> None:
    store = _store(folder)
    move_database(open_database(url), open_database(target), from_store=store, to_store=store, now=NOW)


def _store(folder: Path) -> MarkStore:
    return MarkStore(f"sqlite:///{folder / 'marks.sqlite'}")


STEPS: dict[str, Callable[[str, str, Path], None]] = {
    "bare": _bare,
    "backup": _backup,
    "verify": _verify,
    "restore": _restore,
    "move": _move,
}


if __name__ == "__main__":
    main()
