"""The high-water mark that the settings name; by default a file in the state folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from sqlalchemy import URL, Engine

from subscribers.database import reading
from subscribers.default_folder import state_folder
from subscribers.high_water_mark.high_water_mark import HighWaterMark
from subscribers.high_water_mark.installation import read_installation
from subscribers.high_water_mark.journal import Journal
from subscribers.high_water_mark.mark_store import MARK_SETTING, MarkStore
from subscribers.settings import Settings, SettingsError


def configured_mark(
    settings: Settings, engine: Engine, environment: Mapping[str, str] = os.environ
) -> HighWaterMark:
    """The mark of the database, not read yet. Raises SettingsError if it would be in the database itself."""
    store = open_store(settings, lambda: identity_of(engine), environment)
    if _is_same(store.engine.url, engine.url):
        raise SettingsError(
            [f"{MARK_SETTING}: names the database itself, and a backup would restore both; name another"]
        )
    return HighWaterMark(engine, store)


def open_store(
    settings: Settings, identity: Callable[[], str], environment: Mapping[str, str] = os.environ
) -> MarkStore:
    """The database that the mark of an installation is in. ``identity`` is asked if no setting names it."""
    url = settings.mark()
    if url is None:
        try:
            folder = state_folder(environment)
        except RuntimeError as error:  # pathlib finds no home folder
            raise SettingsError([f"set {MARK_SETTING}: the user has no home folder for it"]) from error
        url = f"sqlite:///{folder / 'marks' / f'{identity()}.sqlite'}"
    return MarkStore(url)


def identity_of(engine: Engine) -> str:
    """The identity of a database, which all its copies share."""
    with reading(engine) as connection:
        return read_installation(connection).identity


def configured_journal(
    settings: Settings, engine: Engine, environment: Mapping[str, str] = os.environ
) -> Journal:
    """The journal beside the configured mark, not opened yet."""
    return Journal(
        engine,
        lambda: configured_mark(settings, engine, environment).store,
        retention=timedelta(days=settings.backup_retention_days),
    )


def demand_shared_mark(mark: HighWaterMark) -> None:
    """Raise SettingsError unless all machines share the mark."""
    if mark.store.file is not None:
        raise SettingsError(
            [
                f"set {MARK_SETTING}: workers on several machines share one high-water mark, so it must be "
                "another PostgreSQL database"
            ]
        )


def _is_same(one: URL, other: URL) -> bool:
    if one.get_backend_name() != other.get_backend_name():
        return False
    if one.get_backend_name() == "sqlite":
        return Path(one.database or "").resolve() == Path(other.database or "").resolve()
    named = [(url.host, url.normalized_query.get("host"), url.port, url.database) for url in (one, other)]
    return named[0] == named[1]
