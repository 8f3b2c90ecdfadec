"""The commands about proof: make it, verify it, and show one person's part of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from subscribers.database import open_migrated
from subscribers.ledger.totals import statuses
from subscribers.printable import say
from subscribers.proof import bundle_format, summary
from subscribers.proof.export_bundle import export
from subscribers.proof.export_user_proof import export_user_proof
from subscribers.proof.verify_bundle import verify_bundle, verify_chain
from subscribers.proof.verify_user_proof import verify_user_proof
from subscribers.settings import Settings, read_settings
from subscribers.signing import read_private_key, read_public_key

proof = typer.Typer(no_args_is_help=True, help="Prove who was told what, when, and with which outcome.")

ROWS_A_STEP = 1_000  # between two looks of the progress bar


@proof.command(name="export")
def export_command(
    announcement: Annotated[int, typer.Argument(metavar="ANNOUNCEMENT", help="Its number, as in status.")],
    *,
    into: Annotated[
        Path | None, typer.Option(help="The bundle's folder; default: proof-ANNOUNCEMENT.")
    ] = None,
) -> None:
    """Write the signed bundle of an announcement: no addresses in it, and a declaration for counsel.

    Example: policy-notify proof export 2 --into proof-2
    """
    settings = read_settings(os.environ)
    key = read_private_key(settings.demand_proof_key())
    engine, folder = _open(settings), into or Path(f"proof-{announcement}")
    with _progress(engine, announcement) as on_record:
        head = export(engine, announcement, folder, key=key, sender=settings.who_sends(), on_record=on_record)
    say(f"{folder}: {summary.summary(head)}")
    say(f"publish {folder / bundle_format.ROOT} with the next build: that dates the proof")


@proof.command(name="verify")
def verify_command(
    proofs: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE…", help="Bundles, oldest first; or a person's proof.")
    ],
    *,
    public_key: Annotated[Path, typer.Option(help="The PEM file with the public key.")],
) -> None:
    """Verify bundles offline, and that each follows the one before it; the first thing wrong is named.

    Example: policy-notify proof verify proof-2 --public-key proof.pub
    """
    key = read_public_key(public_key)
    heads = []
    for path in proofs:
        if path.is_dir():
            head = verify_bundle(path, key)
            heads.append((path, head))
            say(f"{path}: verified: {summary.summary(head)}")
        else:
            for line in summary.testimony(verify_user_proof(path, key)):
                say(line)
    verify_chain(heads)


@proof.command(name="person")
def person_command(
    who: Annotated[str, typer.Argument(metavar="PERSON", help="An external id, or a mail address.")],
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle's folder.")],
) -> None:
    """Print the person's part of a bundle as JSON: whoever is given it can verify it without the rest.

    Example: policy-notify proof person anna@example.com proof-2 > anna.json
    """
    settings = read_settings(os.environ)
    key = read_private_key(settings.demand_proof_key()) if settings.proof_key else None
    proven = export_user_proof(_open(settings), who, bundle, key=key)
    typer.echo(bundle_format.user_proof_json.dump_json(proven, indent=1))


def _open(settings: Settings) -> Engine:
    return open_migrated(settings.database())


@contextmanager
def _progress(engine: Engine, announcement_id: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        audience = {status.announcement_id: status.totals.audience for status in statuses(engine)}
        task = progress.add_task("Reading", total=audience.get(announcement_id))
        count = 0

        def on_record() -> None:
            nonlocal count
            count += 1
            if count % ROWS_A_STEP == 0:
                progress.update(task, completed=count)

        yield on_record
