"""The program ``policy-notify``: it assembles the commands and prints refusals."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from subscribers.commands import (
    backup,
    bounces,
    cancel,
    deliver,
    doctor,
    import_users,
    migrate,
    move,
    notices,
    pause,
    person,
    preview,
    proof,
    publish,
    recover,
    release,
    resolve,
    restore,
    retry,
    send_test,
    serve,
    status,
    unreachable,
    verify_message,
    worker,
)
from subscribers.errors import NotifyError
from subscribers.printable import say

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

# In the order in which a new operator needs them, as the help lists them.
for name, command, example in (
    ("migrate", migrate.migrate_command, migrate.EXAMPLE),
    ("import", import_users.import_command, import_users.EXAMPLE),
    ("doctor", doctor.doctor_command, doctor.EXAMPLE),
    ("preview", preview.preview_command, preview.EXAMPLE),
    ("send-test", send_test.send_test_command, send_test.EXAMPLE),
    ("publish", publish.publish_command, publish.EXAMPLE),
    ("deliver", deliver.deliver_command, deliver.EXAMPLE),
    ("worker", worker.worker_command, worker.EXAMPLE),
    ("status", status.status_command, status.EXAMPLE),
    ("release", release.release_command, release.EXAMPLE),
    ("pause", pause.pause_command, pause.EXAMPLE),
    ("cancel", cancel.cancel_command, cancel.EXAMPLE),
    ("retry", retry.retry_command, retry.EXAMPLE),
    ("resolve", resolve.resolve_command, resolve.EXAMPLE),
    ("recover", recover.recover_command, recover.EXAMPLE),
    ("notices", notices.notices_command, notices.EXAMPLE),
    ("verify-message", verify_message.verify_message_command, verify_message.EXAMPLE),
    ("unreachable", unreachable.unreachable_command, unreachable.EXAMPLE),
    ("backup-key", backup.backup_key_command, backup.KEY_EXAMPLE),
    ("backup", backup.backup_command, backup.BACKUP_EXAMPLE),
    ("verify", backup.verify_command, backup.VERIFY_EXAMPLE),
    ("restore", restore.restore_command, restore.EXAMPLE),
    ("move", move.move_command, move.EXAMPLE),
    ("bounces", bounces.bounces_command, bounces.EXAMPLE),
    ("serve", serve.serve_command, serve.EXAMPLE),
):
    app.command(name=name, epilog=f"Example: {example}")(command)
app.add_typer(person.person, name="person")
app.add_typer(proof.proof, name="proof")


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - only this option needs it

        say(f"policy-notify {version('policysite')}")
        raise typer.Exit


@app.callback()
def policy_notify(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Notify the registered users of what a policy site has published."""


def main() -> None:
    """Run the command; exit 0 when done, 1 on an expected refusal, 2 on wrong usage."""
    try:
        app()
    except NotifyError as error:
        say(f"policy-notify: {error}", err=True)
        sys.exit(1)
