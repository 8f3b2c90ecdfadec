"""A PostgreSQL cluster for tests, in a temporary folder, reached over its socket and stopped afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
MISSING = "needs the system package postgresql"
# No test pulls the plug, so nothing has to reach the disk. A deadlock is noticed after 50 ms, not a second.
# Commits stay synchronous: tests stop the server at once, and it would lose commits not yet in its log.
FAST = "-c fsync=off -c full_page_writes=off -c deadlock_timeout=50ms"


class Cluster:
    """A running server; ``url(name)`` is a database of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

    def url(self, database: str) -> str:
        return f"postgresql://{self.user}@/{database}?host={self.folder}"

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=60 {FAST}"
        self.run(
            "pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "-o", options, "start"
        )

    def stop(self) -> None:
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")

    def create(self, database: str, *, template: str = "template1") -> str:
        self._execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(database)

    def drop(self, database: str) -> None:
        self._execute(f'DROP DATABASE "{database}" WITH (FORCE)')

    def _execute(self, statement: LiteralString) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def run(self, program: str, *arguments: str | Path) -> None:
        as_user = ["runuser", "-u", self.user, "--"] if os.geteuid() == 0 else []
        subprocess.run(
            [*as_user, str(BINARIES[-1] / program), *map(str, arguments)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
        )


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start an empty cluster, and remove it with its files afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="policysite-pg-"))  # short: a socket's path has 107 bytes at most
    cluster = Cluster(folder)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, cluster.user)
        cluster.run("initdb", "-D", folder / "data", "--auth=trust", "--encoding=UTF8", "--no-sync")
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
