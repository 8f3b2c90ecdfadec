"""``policy-notify proof``: exports and verifies proofs of announcements, whole or for one user."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from subscribers.commands.shared import (
    ROWS_A_STEP,
    AnnouncementId,
    UserName,
    open_configured_database,
    progress_bar,
)
from subscribers.ledger.totals import statuses
from subscribers.printable import say
from subscribers.proof import bundle_format, summary
from subscribers.proof.export_bundle import export
from subscribers.proof.export_user_proof import export_user_proof
from subscribers.proof.verify_bundle import verify_bundle, verify_chain
from subscribers.proof.verify_user_proof import verify_user_proof
from subscribers.settings import read_settings
from subscribers.signing import read_private_key, read_public_key

proof = typer.Typer(no_args_is_help=True, help="Prove who was notified of what, when and with what outcome.")


@proof.command(name="export", epilog="Example: policy-notify proof export 2 --into proof-2")
def export_command(
    announcement: AnnouncementId,
    *,
    into: Annotated[
        Path | None, typer.Option(help="The folder of the bundle.", show_default="proof-ANNOUNCEMENT")
    ] = None,
) -> None:
    """Write the signed bundle of an announcement, without email addresses, with a declaration for counsel."""
    settings = read_settings(os.environ)
    key = read_private_key(settings.demand_proof_key())
    engine, folder = open_configured_database(settings), into or Path(f"proof-{announcement}")
    with _progress(engine, announcement) as on_record:
        head = export(engine, announcement, folder, key=key, sender=settings.who_sends(), on_record=on_record)
    say(f"{folder}: {summary.summary(head)}")
    say(f"publish {folder / bundle_format.ROOT} with the next build, which dates the proof")


@proof.command(name="verify", epilog="Example: policy-notify proof verify proof-2 --public-key proof.pub")
def verify_command(
    proofs: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE…", help="Bundles, oldest first, or one user's proof.")
    ],
    *,
    public_key: Annotated[Path, typer.Option(help="The PEM file of the public key.")],
) -> None:
    """Verify bundles offline, and that each follows the one before it. Names the first fault it finds."""
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


@proof.command(
    name="person", epilog="Example: policy-notify proof person anna@example.com proof-2 > anna.json"
)
def person_command(
    who: UserName,
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The folder of a bundle.")],
) -> None:
    """Print one user's part of a bundle as JSON. Anybody can verify it without the rest of the bundle."""
    settings = read_settings(os.environ)
    key = read_private_key(settings.demand_proof_key()) if settings.proof_key else None
    proven = export_user_proof(open_configured_database(settings), who, bundle, key=key)
    typer.echo(bundle_format.user_proof_json.dump_json(proven, indent=1))


@contextmanager
def _progress(engine: Engine, announcement_id: int) -> Iterator[Callable[[], None]]:
    """A function to be called for each record that was read, which moves a bar."""
    with progress_bar() as progress:
        if progress is None:
            yield lambda: None
            return
        audience = {status.announcement_id: status.totals.audience for status in statuses(engine)}
        task = progress.add_task("Reading", total=audience.get(announcement_id))
        count = 0

        def on_record() -> None:
            nonlocal count
            count += 1
            if count % ROWS_A_STEP == 0:
                progress.update(task, completed=count)

        yield on_record
