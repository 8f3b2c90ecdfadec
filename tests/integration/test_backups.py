"""A backup holds everything, can be read only with its key, and never undoes what users asked for."""

from __future__ import annotations

import gzip
import json
import os
import signal
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pyrage import decrypt, encrypt
from pyrage.x25519 import Identity, Recipient
from sqlalchemy import Engine, MetaData, func, insert, inspect, select
from support.postgresql_cluster import Cluster
from support.published_site import PublishedSiteMaker
from support.world import SENDER, World, addresses

from subscribers.backups import archive, copying
from subscribers.backups import make_backup as making
from subscribers.backups.encryption import new_private_key
from subscribers.backups.errors import BackupError
from subscribers.backups.make_backup import BackupResult, make_backup
from subscribers.backups.restore_backup import RestoreResult, restore_backup
from subscribers.backups.rows import Digest, digest_of, shapes
from subscribers.backups.verify_backup import verify_backup
from subscribers.database import (
    UnreadableDatabaseError,
    check_schema,
    migrate,
    open_database,
    reading,
    upgrade,
    writing,
)
from subscribers.high_water_mark.high_water_mark import HighWaterMark, OldDatabaseError
from subscribers.high_water_mark.journal import Journal, Kind, journal, keep_journal
from subscribers.high_water_mark.mark_store import MarkStore
from subscribers.ledger.erasure import erase
from subscribers.ledger.ledger import Ledger
from subscribers.model import erasures, metadata, users
from subscribers.recovery.recover import recover
from subscribers.site.site_reader import open_site
from subscribers.users import requests
from subscribers.users.erasures import ErasureKeys
from subscribers.users.import_users import import_users
from subscribers.users.import_values import Row
from subscribers.users.unreachable_marks import mark_refused

KEYS = ErasureKeys(["k" * 32])
MONTH = timedelta(days=30)
NOW = datetime(2026, 11, 22, 12, 30, 15, 123456, tzinfo=UTC)
_names = count()


@dataclass
class Keys:
    """A pair of keys, the private one in a file."""

    public: str
    file: Path


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    private, public = new_private_key()
    file = tmp_path / "key.txt"
    file.write_text(f"# public key: {public}\n{private}\n")
    return Keys(public, file)


@pytest.fixture
def target(database: Engine, absent: Engine, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database without tables, of the kind that the world's database is not."""
    if database.dialect.name == "postgresql":
        yield absent
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    name = f"restored_{next(_names)}"
    engine = open_database(cluster.create(name))
    yield engine
    engine.dispose()
    cluster.drop(name)


@pytest.fixture
def absent(tmp_path: Path) -> Iterator[Engine]:
    """A SQLite database that does not exist yet."""
    engine = open_database(f"sqlite:///{tmp_path / 'absent.sqlite'}")
    yield engine
    engine.dispose()


class Backups:
    """Makes and restores backups of a world."""

    def __init__(self, world: World, keys: Keys, folder: Path) -> None:
        self.world = world
        self.keys = keys
        self.folder = folder
        self.store = world.mark.store
        self.journal = Journal(world.engine, lambda: self.store, retention=MONTH, now=lambda: world.now)
        keep_journal(world.engine, self.journal)

    def make(self, name: str = "backup.age") -> BackupResult:
        return make_backup(
            self.world.engine,
            self.folder / name,
            journal=self.journal,
            public_keys=self.keys.public,
            retention=MONTH,
            now=self.world.now,
        )

    def restore(self, target: Engine, *, store: MarkStore | None = None, **options: bool) -> RestoreResult:
        return restore_backup(
            target,
            self.folder / "backup.age",
            self.keys.file,
            open_store=lambda _: store or self.store,
            keys=lambda: KEYS,
            now=self.world.now,
            **options,
        )

    def request(self, wish: Callable[..., object], who: str) -> None:
        wish(self.world.engine, who, at=self.world.now)


@pytest.fixture
def backups(world: World, keys: Keys, tmp_path: Path) -> Backups:
    """A world on both kinds of database, with an announcement that reached half of its recipients."""
    world.register("anna", "boris", "clara", "david")
    world.open_with_baseline()
    return Backups(world, keys, tmp_path)


@pytest.fixture
def small(sqlite_url: str, keys: Keys, tmp_path: Path, site_maker: PublishedSiteMaker) -> Backups:
    """The same on SQLite alone, for what does not depend on the kind of database."""
    world = World(open_database(sqlite_url), site_maker)
    world.register("anna", "boris", "clara", "david")
    world.open_with_baseline()
    return Backups(world, keys, tmp_path)


@pytest.fixture
def site_maker(tmp_path: Path) -> PublishedSiteMaker:
    return PublishedSiteMaker(tmp_path / "site")


def _digests(engine: Engine) -> dict[str, Digest]:
    with reading(engine) as connection:
        return {shape.name: digest_of(connection, shape) for shape in shapes(metadata)}


def _user(engine: Engine, name: str) -> Any:
    with reading(engine) as connection:
        return connection.execute(select(users).where(users.c.external_id == name)).one_or_none()


def test_a_restored_backup_is_equal_to_its_database_row_by_row(backups: Backups, target: Engine) -> None:
    backups.world.announce()
    backups.world.deliver()
    backups.make()
    result = backups.restore(target)
    assert _digests(target) == _digests(backups.world.engine)
    assert result.rows == sum(digest.rows for digest in _digests(target).values())


def test_new_rows_are_numbered_after_the_restored_ones(backups: Backups, target: Engine) -> None:
    backups.make()
    backups.restore(target)
    with writing(target) as connection:
        connection.execute(
            insert(users).values(
                external_id="eva",
                email="eva@example.com",
                registered_at=backups.world.now,
                pseudonym_key=b"k" * 32,
            )
        )
        assert connection.scalar(select(func.count()).select_from(users)) == 5


def test_a_backup_is_one_moment_although_others_write_meanwhile(backups: Backups, target: Engine) -> None:
    before = _digests(backups.world.engine)
    written = archive.write_archive

    def interrupted(*arguments: Any) -> Iterator[bytes]:
        pieces = written(*arguments)
        yield next(pieces)
        backups.world.change("anna", language="ru")
        yield from pieces

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "write_archive", interrupted)
        backups.make()
    backups.restore(target)
    assert _digests(target)["users"] == before["users"] != _digests(backups.world.engine)["users"]


def test_a_backup_says_what_it_holds_without_a_database(small: Backups) -> None:
    small.world.announce()
    small.world.deliver()
    result = small.make()
    report = verify_backup(small.folder / "backup.age", small.keys.file)
    assert report.head == result.head
    assert report.tables["users"] == 4
    assert [(each.id, each.state, each.audience) for each in report.announcements] == [
        (1, "baseline", 0),
        (2, "open", 4),
    ]
    assert report.head.counter == 1
    assert report.head.expires_at - report.head.made_at == MONTH


def test_no_byte_of_a_user_is_in_the_file_and_nobody_else_may_read_it(small: Backups) -> None:
    small.make()
    file = small.folder / "backup.age"
    assert b"example.com" not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {each.name for each in small.folder.glob(".backup*")} == set()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_backup_that_was_cut_off_is_refused(small: Backups, absent: Engine, share: float) -> None:
    small.make()
    file = small.folder / "backup.age"
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BackupError, match=r"not a complete backup"):
        verify_backup(file, small.keys.file)
    with pytest.raises(BackupError, match=r"not a complete backup"):
        small.restore(absent)
    assert _tables(absent) == []


def test_a_backup_with_one_changed_byte_is_refused(small: Backups) -> None:
    small.make()
    file = small.folder / "backup.age"
    content = bytearray(file.read_bytes())
    for at in range(0, len(content), len(content) // 40):
        changed = bytearray(content)
        changed[at] ^= 1
        file.write_bytes(changed)
        with pytest.raises(BackupError):
            verify_backup(file, small.keys.file)


@pytest.mark.parametrize(
    "inner",
    [b"", b"not compressed", b"\x1f\x8b"],
)
def test_a_file_for_the_same_key_that_is_no_backup_is_refused(small: Backups, inner: bytes) -> None:
    file = small.folder / "other.age"
    file.write_bytes(encrypt(inner, [Recipient.from_str(small.keys.public)]))
    with pytest.raises(BackupError, match="no complete backup of policy-notify"):
        verify_backup(file, small.keys.file)


@pytest.mark.parametrize(
    "name",
    [
        'users" (id) VALUES (1); DROP TABLE users; --',
        "alembic_version",
        "procrastinate_jobs",
        "",
        "sqlite_schema",
    ],
)
def test_a_forged_backup_cannot_name_other_tables(small: Backups, absent: Engine, name: str) -> None:
    small.make()
    identity = Identity.from_str(small.keys.file.read_text().splitlines()[1])
    file = small.folder / "backup.age"
    lines = gzip.decompress(decrypt(file.read_bytes(), [identity])).decode().splitlines()
    head = json.loads(lines[0])
    head["tables"][0]["table"] = name
    forged = "\n".join([json.dumps(head), *lines[1:], ""]).encode()
    file.write_bytes(encrypt(gzip.compress(forged), [Recipient.from_str(small.keys.public)]))
    with pytest.raises(BackupError, match="names a table that no backup has"):
        small.restore(absent)


def test_another_key_is_refused_by_name(small: Backups, tmp_path: Path) -> None:
    small.make()
    other = tmp_path / "other.txt"
    other.write_text(new_private_key()[0])
    with pytest.raises(BackupError, match="encrypted to another key"):
        verify_backup(small.folder / "backup.age", other)


def test_every_one_of_several_keys_opens_a_backup(small: Backups, tmp_path: Path) -> None:
    private, public = new_private_key()
    other = tmp_path / "other.txt"
    other.write_text(private)
    small.keys.public += f" {public}"
    small.make()
    for key in (small.keys.file, other):
        verify_backup(small.folder / "backup.age", key)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("", "no public key"),
        ("age1nonsense", "is not a public key"),
        ("private", "is a private key"),
    ],
)
def test_a_wrong_public_key_is_refused_before_anything_is_written(
    small: Backups, given: str, problem: str
) -> None:
    small.keys.public = new_private_key()[0] if given == "private" else given
    with pytest.raises(BackupError, match=problem):
        small.make()
    assert list(small.folder.glob("*.age")) == []


def test_a_file_that_exists_is_never_overwritten(small: Backups) -> None:
    (small.folder / "backup.age").write_text("precious")
    with pytest.raises(BackupError, match="exists already"):
        small.make()
    assert (small.folder / "backup.age").read_text() == "precious"


def test_a_backup_into_a_folder_that_does_not_exist_is_refused(small: Backups) -> None:
    with pytest.raises(BackupError, match="cannot be written"):
        small.make("nowhere/backup.age")


def test_a_full_disk_leaves_no_unfinished_backup(small: Backups) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    opened = os.open

    def full(path: Any, *arguments: Any, **options: Any) -> int:
        return (
            opened("/dev/full", os.O_WRONLY) if str(path).endswith("unfinished") else opened(path, *arguments)
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", full)
        with pytest.raises(BackupError, match="No space left"):
            small.make()


def test_a_database_with_rows_is_never_restored_into(backups: Backups) -> None:
    backups.make()
    before = _digests(backups.world.engine)
    with pytest.raises(BackupError, match="not empty"):
        backups.restore(backups.world.engine)
    assert _digests(backups.world.engine) == before


def test_a_migrated_database_without_rows_may_be_restored_into(small: Backups, absent: Engine) -> None:
    small.make()
    migrate(absent)
    small.restore(absent)
    assert _digests(absent) == _digests(small.world.engine)


@pytest.mark.parametrize("is_made", [True, False])
def test_a_backup_of_an_older_version_is_brought_up_to_date(
    small: Backups, absent: Engine, tmp_path: Path, is_made: bool
) -> None:
    old = open_database(f"sqlite:///{tmp_path / 'old.sqlite'}")
    with writing(old) as connection:
        upgrade(connection, "0011")
    row = {"external_id": "anna", "email": "a@example.com", "registered_at": NOW, "pseudonym_key": b"k" * 32}
    with writing(old) as connection:
        connection.execute(insert(users).values(row))
    schema = MetaData()
    schema.reflect(old)
    schema.remove(schema.tables["alembic_version"])
    small.journal = Journal(old, lambda: small.store, retention=MONTH)
    small.world.engine = old
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "metadata", schema)
        small.make()
    if is_made:
        with writing(absent) as connection:
            upgrade(connection, "0011")
    small.restore(absent)
    check_schema(absent)
    assert _user(absent, "anna").registered_at == NOW


def test_a_backup_of_a_newer_version_is_refused(small: Backups, absent: Engine) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "present_schema", lambda _: "9999")
        small.make()
    with pytest.raises(BackupError, match="which is newer; upgrade policysite"):
        small.restore(absent)


def test_a_restore_that_fails_leaves_the_database_as_empty_as_before(small: Backups, absent: Engine) -> None:
    small.make()
    with pytest.raises(BackupError, match="does not know this backup"):
        small.restore(absent, store=MarkStore(f"sqlite:///{small.folder / 'none.sqlite'}"))
    assert _tables(absent) == []
    small.restore(absent)


def test_a_restore_that_is_killed_leaves_nothing_and_can_be_repeated(
    backups: Backups, target: Engine
) -> None:
    backups.make()
    backups.world.engine.dispose()
    if child := os.fork():
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    else:  # with every row inserted, and nothing committed
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(copying, "set_sequences", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            backups.restore(target)
        os._exit(0)
    assert _tables(target) == []
    backups.restore(target)
    assert _digests(target) == _digests(backups.world.engine)


def test_an_expired_backup_is_refused_unless_it_is_forced(small: Backups, absent: Engine) -> None:
    small.make()
    small.world.wait(days=30)
    with pytest.raises(BackupError, match="expired on 2026-07-01"):
        small.restore(absent)
    small.restore(absent, even_if_expired=True)


def test_a_backup_restored_without_its_journal_says_so(small: Backups, absent: Engine) -> None:
    small.make()
    nowhere = MarkStore(f"sqlite:///{small.folder / 'none.sqlite'}")
    result = small.restore(absent, store=nowhere, without_journal=True)
    assert not result.has_journal


def test_a_restored_copy_that_is_behind_its_mark_refuses_to_send(backups: Backups, target: Engine) -> None:
    backups.make()
    backups.world.announce()
    backups.world.deliver()
    backups.restore(target)
    with pytest.raises(OldDatabaseError):
        HighWaterMark(target, backups.store).check()


def test_a_restored_copy_notifies_nobody_twice_after_it_was_recovered(
    backups: Backups, target: Engine
) -> None:
    world = backups.world
    backups.make()
    announcement = world.announce()
    world.deliver()
    backups.request(requests.object_to_email, "anna")
    backups.restore(target)
    world.engine, world.mark = target, HighWaterMark(target, backups.store)
    world.ledger = Ledger(target, mark=world.mark, now=lambda: world.now)
    recover(
        target,
        world.mark,
        open_site(str(world.site.write())),
        [],
        [],
        sender=SENDER,
        changes="every",
        opening=None,
        now=world.now,
        dry_run=False,
    )
    world.deliver()
    assert world.totals(announcement).unknown == 3
    assert world.transport.received == addresses(["anna", "boris", "clara", "david"])
    later = world.announce("We keep even less.")
    world.deliver()
    assert world.exclusions(later)["anna"] == "objected"


def test_a_restored_copy_that_is_the_newest_goes_on_sending(small: Backups, absent: Engine) -> None:
    announcement = small.world.announce()
    small.make()
    small.restore(absent)
    world = small.world
    world.engine = absent
    world.mark = HighWaterMark(absent, small.store)
    world.ledger = Ledger(absent, mark=world.mark, now=lambda: world.now)
    world.deliver()
    assert world.totals(announcement).accepted == 4


# What users asked for since


WISHES: Sequence[tuple[str, Callable[..., object], Kind]] = [
    ("objected_at", requests.object_to_email, Kind.OBJECTION),
    ("restricted_at", requests.restrict, Kind.RESTRICTION),
    ("unreachable", requests.mark_unreachable, Kind.REACHABILITY),
]


@pytest.mark.parametrize(("column", "wish", "kind"), WISHES)
def test_what_a_user_asked_for_since_the_backup_holds_after_a_restore(
    small: Backups, absent: Engine, column: str, wish: Callable[..., object], kind: Kind
) -> None:
    small.make()
    small.world.wait(hours=1)
    small.request(wish, "anna")
    result = small.restore(absent)
    assert getattr(_user(absent, "anna"), column) is not None
    assert getattr(_user(absent, "boris"), column) is None
    assert result.changed == {kind: 1}


WITHDRAWALS: Sequence[tuple[str, Callable[..., object], Callable[..., object]]] = [
    ("objected_at", requests.object_to_email, requests.end_objection),
    ("restricted_at", requests.restrict, requests.unrestrict),
    ("unreachable", requests.mark_unreachable, requests.mark_reachable),
]


@pytest.mark.parametrize(("column", "wish", "withdrawal"), WITHDRAWALS)
def test_what_a_user_took_back_since_the_backup_stays_taken_back(
    small: Backups,
    absent: Engine,
    column: str,
    wish: Callable[..., object],
    withdrawal: Callable[..., object],
) -> None:
    small.request(wish, "anna")
    small.make()
    small.request(withdrawal, "anna")
    small.restore(absent)
    assert getattr(_user(absent, "anna"), column) is None


def test_what_was_asked_for_before_the_backup_changes_nothing_in_it(small: Backups, absent: Engine) -> None:
    small.request(requests.object_to_email, "anna")
    small.request(requests.restrict, "boris")
    small.request(requests.mark_unreachable, "clara")
    requests.correct(small.world.engine, "clara", email="clara@example.org", at=small.world.now)
    small.make()
    before = _digests(small.world.engine)
    result = small.restore(absent)
    assert result.changed == {}
    assert result.corrected == ()
    assert _digests(absent) == before


def test_a_user_erased_since_the_backup_is_erased_again_and_stays_out(
    backups: Backups, target: Engine
) -> None:
    backups.world.announce()
    backups.world.deliver()
    backups.make()
    erase(backups.world.engine, "anna", keys=KEYS, at=backups.world.now)
    result = backups.restore(target)
    assert result.changed == {Kind.ERASURE: 1}
    assert _user(target, "anna") is None
    with reading(target) as connection:
        assert connection.scalar(select(func.count()).select_from(erasures)) == 1
        assert connection.scalar(select(func.count()).where(users.c.pseudonym_key.is_(None))) == 1
    imported = import_users(target, [_row("anna")], keys=KEYS, now=backups.world.now)
    assert (imported.added, imported.erased) == (0, 1)


def test_who_left_since_the_backup_has_left_after_a_restore(small: Backups, absent: Engine) -> None:
    small.make()
    remaining = [_row(name) for name in ("boris", "clara", "david")]
    import_users(small.world.engine, remaining, keys=KEYS, now=small.world.now, replace=True)
    small.restore(absent)
    assert _user(absent, "anna").left_at is not None
    assert _user(absent, "boris").left_at is None


def test_who_returned_since_the_backup_is_registered_after_a_restore(small: Backups, absent: Engine) -> None:
    remaining = [_row(name) for name in ("boris", "clara", "david")]
    import_users(small.world.engine, remaining, keys=KEYS, now=small.world.now, replace=True)
    small.make()
    import_users(small.world.engine, [_row("anna")], keys=KEYS, now=small.world.now)
    small.restore(absent)
    assert _user(absent, "anna").left_at is None


def test_a_bounce_since_the_backup_is_known_after_a_restore(small: Backups, absent: Engine) -> None:
    small.make()
    with writing(small.world.engine) as connection:
        mark_refused(connection, "anna@example.com", at=small.world.now)
    small.restore(absent)
    assert _user(absent, "anna").unreachable == "bounced"


def test_a_bounce_of_an_old_address_does_not_count_for_the_corrected_one(
    small: Backups, absent: Engine
) -> None:
    small.request(requests.mark_unreachable, "anna")
    requests.correct(small.world.engine, "anna", email="anna@example.org", at=small.world.now)
    small.request(requests.mark_unreachable, "boris")
    import_users(small.world.engine, [_row("boris", "boris@example.org")], keys=KEYS, now=small.world.now)
    small.make()
    small.restore(absent)
    assert _user(absent, "anna").unreachable is None
    assert _user(absent, "boris").unreachable is None


def test_corrections_lost_with_the_backup_are_listed(small: Backups, absent: Engine) -> None:
    small.make()
    small.world.wait(minutes=1)
    requests.correct(small.world.engine, "anna", email="anna@example.org", at=small.world.now)
    assert small.restore(absent).corrected == ("anna",)


def test_a_user_whom_the_backup_never_knew_keeps_the_objection_when_imported_again(
    small: Backups, absent: Engine
) -> None:
    small.make()
    import_users(small.world.engine, [_row("eva"), _row("felix")], keys=KEYS, now=small.world.now)
    small.request(requests.object_to_email, "eva")
    erase(small.world.engine, "felix", keys=KEYS, at=small.world.now)
    small.restore(absent)
    keep_journal(absent, Journal(absent, lambda: small.store, retention=MONTH))
    imported = import_users(absent, [_row("eva"), _row("felix")], keys=KEYS, now=small.world.now)
    assert (imported.added, imported.erased) == (1, 1)
    assert _user(absent, "eva").objected_at is not None
    assert _user(absent, "felix") is None


def test_a_user_whom_the_shop_registers_again_is_registered(small: Backups, absent: Engine) -> None:
    small.make()
    everybody = [_row(name) for name in ("anna", "boris", "clara", "david")]
    engine, now = small.world.engine, small.world.now
    import_users(engine, [*everybody, _row("eva"), _row("felix")], keys=KEYS, now=now)
    small.request(requests.mark_unreachable, "felix")
    import_users(engine, [*everybody, _row("felix")], keys=KEYS, now=now, replace=True)
    small.restore(absent)
    keep_journal(absent, Journal(absent, lambda: small.store, retention=MONTH))
    import_users(absent, [_row("eva"), _row("felix", "new@example.com")], keys=KEYS, now=now)
    assert _user(absent, "eva").left_at is None
    assert _user(absent, "felix").unreachable is None


def test_the_journal_names_nobody(small: Backups) -> None:
    small.request(requests.object_to_email, "anna")
    small.request(requests.mark_unreachable, "boris")
    small.make()
    assert small.store.file is not None
    content = b"".join(file.read_bytes() for file in small.folder.glob("mark.sqlite*"))
    assert b"anna" not in content
    assert b"example.com" not in content


def test_a_request_is_not_carried_out_if_the_journal_cannot_be_written(small: Backups) -> None:
    broken = MarkStore("sqlite:////dev/null/mark.sqlite")
    keep_journal(small.world.engine, Journal(small.world.engine, lambda: broken, retention=MONTH))
    with pytest.raises(UnreadableDatabaseError, match="journal of what users asked for cannot be written"):
        small.request(requests.object_to_email, "anna")
    assert _user(small.world.engine, "anna").objected_at is None


def test_all_processes_keep_one_journal(small: Backups) -> None:
    small.request(requests.object_to_email, "anna")
    elsewhere = MarkStore(f"sqlite:///{small.folder / 'elsewhere.sqlite'}")
    keep_journal(small.world.engine, Journal(small.world.engine, lambda: elsewhere, retention=MONTH))
    with pytest.raises(UnreadableDatabaseError, match="this is not the place of the journal"):
        small.request(requests.object_to_email, "boris")
    assert _user(small.world.engine, "boris").objected_at is None


def test_a_request_that_is_rolled_back_is_not_in_the_journal(small: Backups) -> None:
    def stopped() -> None:
        with writing(small.world.engine) as connection:
            mark_refused(connection, "anna@example.com", at=small.world.now)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    small.request(requests.object_to_email, "boris")
    assert _journal_kinds(small) == [Kind.OBJECTION]


def test_rows_that_no_backup_needs_any_more_are_dropped(small: Backups) -> None:
    small.request(requests.object_to_email, "anna")
    small.make("first.age")
    small.world.wait(days=20)
    small.request(requests.object_to_email, "boris")
    small.world.wait(days=11)  # the first backup and what came before it may go
    small.request(requests.object_to_email, "clara")
    assert _journal_kinds(small) == [Kind.OBJECTION] * 2
    small.world.wait(days=60)
    small.make("second.age")
    assert _journal_kinds(small) == [Kind.BACKUP]


def test_rows_since_a_backup_that_may_be_restored_are_kept(small: Backups) -> None:
    small.make("first.age")
    small.request(requests.object_to_email, "anna")
    small.world.wait(days=29)
    small.journal._retention = timedelta(days=1)
    small.request(requests.object_to_email, "boris")
    assert _journal_kinds(small) == [Kind.BACKUP, Kind.OBJECTION, Kind.OBJECTION]


def _journal_kinds(backups: Backups) -> list[str]:
    with backups.store.reading() as connection:
        return list(connection.scalars(select(journal.c.kind).order_by(journal.c.id)))


def _tables(engine: Engine) -> list[str]:
    return inspect(engine).get_table_names()


def _row(name: str, email: str | None = None) -> Row:
    return Row(
        line=1, external_id=name, email=email or f"{name}@example.com", language="en", registered_at=None
    )
