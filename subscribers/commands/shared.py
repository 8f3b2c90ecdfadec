"""Shared by several commands: their arguments and options, the opened database, and a progress bar."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from subscribers.database import open_migrated
from subscribers.high_water_mark.configured import configured_journal, configured_mark
from subscribers.high_water_mark.high_water_mark import HighWaterMark
from subscribers.high_water_mark.journal import keep_journal
from subscribers.settings import Settings, read_settings

AnnouncementId = Annotated[
    int,
    typer.Argument(metavar="ANNOUNCEMENT", help="The announcement's number, as status shows it."),
]
UserName = Annotated[str, typer.Argument(metavar="PERSON", help="The user's external id or email address.")]
SiteSource = Annotated[str, typer.Option("--site", help="A built site's folder, or the live site's URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

ROWS_A_STEP = 1_000  # after which a progress bar moves


def open_configured_database(settings: Settings | None = None) -> Engine:
    """The database that the settings name; refused unless it has the schema of this version.

    The requests of users are also written to the journal beside its high-water mark.
    """
    settings = settings or read_settings(os.environ)
    engine = open_migrated(settings.database())
    keep_journal(engine, configured_journal(settings, engine))
    return engine


def open_for_sending(settings: Settings) -> tuple[Engine, HighWaterMark]:
    """The database with its high-water mark; refused if it is not the newest one."""
    engine = open_configured_database(settings)
    mark = configured_mark(settings, engine)
    mark.check()
    return engine, mark


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """A bar on standard error that vanishes when the work is done; None unless that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield progress
