"""Everything moves to another database, equal row by row, and only one of the two can send afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, inspect, select, text
from support.postgresql_cluster import Cluster
from support.world import World, addresses

from subscribers.backups import copying, rows
from subscribers.backups import move_database as moving
from subscribers.backups.errors import BackupError
from subscribers.backups.move_database import MoveResult, move_database
from subscribers.backups.rows import Digest, Shape, digest_of, shapes
from subscribers.database import migrate, open_database, reading, writing
from subscribers.high_water_mark.high_water_mark import HighWaterMark, OldDatabaseError
from subscribers.high_water_mark.installation import MovedDatabaseError, note_moved
from subscribers.high_water_mark.journal import Journal, JournalReader, Kind, keep_journal
from subscribers.high_water_mark.mark_store import MarkStore
from subscribers.ledger.ledger import Ledger
from subscribers.model import installation, metadata, users
from subscribers.users import requests
from subscribers.users.erasures import ErasureKeys
from subscribers.users.import_users import import_users
from subscribers.users.import_values import Row

_names = count()


@pytest.fixture
def target(database: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables, of the kind that the world's database is not."""
    if database.dialect.name == "postgresql":
        engine = open_database(f"sqlite:///{tmp_path / 'moved.sqlite'}")
        yield engine
        engine.dispose()
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    name = f"moved_{next(_names)}"
    engine = open_database(cluster.create(name))
    yield engine
    engine.dispose()
    cluster.drop(name)


def _move(world: World, target: Engine, *, to_store: MarkStore | None = None) -> MoveResult:
    store = world.mark.store
    return move_database(world.engine, target, from_store=store, to_store=to_store or store, now=world.now)


def _digests(engine: Engine) -> dict[str, Digest]:
    with reading(engine) as connection:
        return {
            shape.name: digest_of(connection, shape)
            for shape in shapes(metadata)
            if shape.name != "installation"
        }


def _sender(world: World, engine: Engine, store: MarkStore | None = None) -> World:
    """The same world on another database."""
    world.engine = engine
    world.mark = HighWaterMark(engine, store or world.mark.store)
    world.ledger = Ledger(engine, mark=world.mark, now=lambda: world.now)
    return world


def test_a_moved_database_is_equal_row_by_row(world: World, target: Engine) -> None:
    world.register("anna", "boris")
    world.open_with_baseline()
    world.announce()
    world.deliver()
    result = _move(world, target)
    assert _digests(target) == _digests(world.engine)
    assert result.tables["users"] == 2


def test_an_announcement_goes_on_after_a_move_and_nobody_is_notified_twice(
    world: World, target: Engine
) -> None:
    world.register("anna", "boris")
    world.open_with_baseline()
    world.announce()
    world.deliver()
    _move(world, target)
    moved = _sender(world, target)
    moved.register("clara")
    moved.announce("We keep even less.")
    moved.deliver()
    assert moved.transport.received == addresses(["anna", "boris"]) + addresses(["anna", "boris", "clara"])


def test_the_old_database_neither_sends_nor_imports_nor_takes_requests(world: World, target: Engine) -> None:
    world.register("anna")
    world.open_with_baseline()
    world.announce()
    _move(world, target)
    with pytest.raises(MovedDatabaseError, match="was moved to"):
        world.mark.check()
    with pytest.raises(MovedDatabaseError):
        world.deliver()
    with pytest.raises(MovedDatabaseError):
        requests.object_to_email(world.engine, "anna", at=world.now)
    row = Row(line=1, external_id="eva", email="eva@example.com", language=None, registered_at=None)
    with pytest.raises(MovedDatabaseError):
        import_users(world.engine, [row], keys=ErasureKeys([]), now=world.now)
    assert world.transport.received == {}


def test_the_mark_and_the_journal_move_too(world: World, target: Engine, tmp_path: Path) -> None:
    world.register("anna", "boris")
    keep_journal(world.engine, Journal(world.engine, lambda: world.mark.store, retention=timedelta(days=30)))
    world.open_with_baseline()
    world.announce()
    world.deliver()
    requests.object_to_email(world.engine, "anna", at=world.now)
    elsewhere = MarkStore(f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    result = _move(world, target, to_store=elsewhere)
    assert HighWaterMark(target, elsewhere).check().position.number == 1
    with reading(target) as connection:
        key = connection.scalars(select(installation.c.journal_key)).one()
    reader = JournalReader(elsewhere, identity=result.identity, key=key)
    assert [entry.kind for entry in reader.entries(["anna"])["anna"]] == [Kind.OBJECTION]


@pytest.mark.parametrize("had_sent", [True, False])
def test_an_old_copy_beside_the_old_mark_cannot_send_after_a_move(
    world: World, target: Engine, tmp_path: Path, had_sent: bool
) -> None:
    world.register("anna")
    world.open_with_baseline()
    world.announce()
    if had_sent:
        world.deliver()
    copy = open_database(f"sqlite:///{tmp_path / 'copy.sqlite'}")
    move_database(world.engine, copy, from_store=world.mark.store, to_store=world.mark.store, now=world.now)
    with writing(world.engine) as connection:
        note_moved(connection, to=None, at=None)  # so that a second copy can be made: this is the old backup
    elsewhere = MarkStore(f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    _move(world, target, to_store=elsewhere)
    with pytest.raises(OldDatabaseError):
        HighWaterMark(copy, world.mark.store).check()
    HighWaterMark(target, elsewhere).check()
    with pytest.raises(MovedDatabaseError):  # and not as an old copy
        world.mark.check()


def test_new_rows_are_numbered_after_the_moved_ones(world: World, target: Engine) -> None:
    world.register("anna", "boris")
    _move(world, target)
    row = {
        "external_id": "clara",
        "email": "clara@example.com",
        "registered_at": world.now,
        "pseudonym_key": b"k" * 32,
    }
    with writing(target) as connection:
        connection.execute(insert(users).values(row))
        assert list(connection.scalars(select(users.c.id).order_by(users.c.id))) == [1, 2, 3]


def test_a_move_waits_for_no_request_that_is_under_way(world: World, target: Engine) -> None:
    world.register("anna")
    world.open_with_baseline()
    world.announce()
    refused: list[str] = []

    def move_meanwhile(_: object) -> None:
        with pytest.raises(BackupError, match="1 request is under way") as error:
            _move(world, target)
        refused.append(str(error.value))

    world.transport.rule = move_meanwhile
    world.deliver()
    assert refused
    assert inspect(target).get_table_names() == []
    assert world.transport.received == addresses(["anna"])


def test_a_database_with_rows_is_never_moved_into(world: World, target: Engine) -> None:
    world.register("anna")
    migrate(target)
    row = {
        "external_id": "eva",
        "email": "e@example.com",
        "registered_at": world.now,
        "pseudonym_key": b"k" * 32,
    }
    with writing(target) as connection:
        connection.execute(insert(users).values(row))
    with pytest.raises(BackupError, match="is not empty"):
        _move(world, target)
    world.mark.check()


@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt, BackupError])
def test_a_move_that_fails_changes_neither_database(
    world: World, target: Engine, stopped_by: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.register("anna")
    world.open_with_baseline()
    world.announce()

    def stop(*_: object) -> Digest:
        raise stopped_by

    monkeypatch.setattr(copying, "digest_of", stop)
    with pytest.raises(stopped_by):
        _move(world, target)
    assert inspect(target).get_table_names() == []
    world.deliver()
    assert world.transport.received == addresses(["anna"])


def test_a_move_that_was_killed_before_the_copy_can_be_repeated(
    world: World, target: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.register("anna")
    _killed_while_copying(world, target, monkeypatch)
    with pytest.raises(MovedDatabaseError, match="repeat policy-notify move"):
        world.mark.check()
    _move(world, target)
    assert _digests(target) == _digests(world.engine)
    HighWaterMark(target, world.mark.store).check()


def test_a_move_that_was_complete_is_not_undone_and_says_so(
    world: World, target: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.register("anna")
    moved = moving._copy

    def lose_the_answer(*arguments: Any, **options: Any) -> None:
        moved(*arguments, **options)
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(moving, "_copy", lose_the_answer)
        with pytest.raises(ConnectionError):
            _move(world, target)
    with pytest.raises(MovedDatabaseError):
        world.mark.check()
    HighWaterMark(target, world.mark.store).check()
    other = MarkStore(f"sqlite:///{tmp_path / 'other-marks.sqlite'}")
    with pytest.raises(BackupError, match="repeat it with the same --mark-to"):
        _move(world, target, to_store=other)
    with pytest.raises(BackupError, match="has everything already"):
        _move(world, target)


def test_an_interrupted_move_goes_on_to_the_same_database_only(
    world: World, target: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.register("anna")
    _killed_while_copying(world, target, monkeypatch)
    with pytest.raises(BackupError, match="was moved to"):
        _move(world, open_database(f"sqlite:///{tmp_path / 'third.sqlite'}"))


def _killed_while_copying(world: World, target: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a SIGKILL leaves it: the target's transaction is gone, and nothing is tidied up in the source."""

    def die(*_: object) -> Digest:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(copying, "digest_of", die)
        patch.setattr("subscribers.backups.move_database._reopen", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            _move(world, target)


def test_a_copy_that_differs_in_one_value_is_refused(
    world: World, target: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.register("anna")
    written = rows.insert_rows

    def falsify(connection: Connection, shape: Shape, some: Sequence[Sequence[Any]]) -> None:
        written(connection, shape, some)
        if shape.name == "users":
            connection.execute(text("UPDATE users SET language = 'de'"))

    monkeypatch.setattr(copying, "insert_rows", falsify)
    with pytest.raises(BackupError, match="the table users has 1 rows and digest"):
        _move(world, target)
    assert inspect(target).get_table_names() == []


def test_a_value_that_postgresql_refuses_is_named_by_its_table(world: World, target: Engine) -> None:
    if target.dialect.name != "postgresql":
        return  # SQLite takes any text
    world.register("anna", language="x" * 40)
    with pytest.raises(BackupError, match="refuses a row of the table users: value too long"):
        _move(world, target)
    world.mark.check()


def test_a_move_onto_a_copy_of_the_database_changes_neither(world: World, target: Engine) -> None:
    """Otherwise the database that is in use would be closed, and the old copy taken for the complete one."""
    world.register("anna")
    world.open_with_baseline()
    _move(world, target)
    with writing(world.engine) as connection:  # as if the target were restored from a backup
        note_moved(connection, to=None, at=None)
    world.announce()
    with pytest.raises(BackupError, match="is this database itself or a copy of it"):
        _move(world, target)
    world.deliver()
    assert world.transport.received == addresses(["anna"])


def test_a_move_onto_the_database_itself_by_another_spelling_is_refused(world: World) -> None:
    url = world.engine.url
    if world.engine.dialect.name == "sqlite":
        file = Path(url.database or "")
        other = url.set(database=str(file.parent / "." / ".." / file.parent.name / file.name))
    else:
        other = url.update_query_dict({"host": f"{url.query['host']}/"})
    with pytest.raises(BackupError, match="is this database itself or a copy of it"):
        _move(world, open_database(other.render_as_string(hide_password=False)))
    world.mark.check()
