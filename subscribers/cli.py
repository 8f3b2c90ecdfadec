"""The command ``policy-notify``: reads arguments, calls the core, prints what it answers."""

from __future__ import annotations

import sys

import typer

from subscribers.errors import NotifyError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def policy_notify() -> None:
    """Tell the registered users of what a policy site has published."""


def main() -> None:
    """Run the command; exit 0 when done, 1 on an expected refusal, 2 on wrong usage."""
    try:
        app()
    except NotifyError as error:
        typer.echo(f"policy-notify: {error}", err=True)
        sys.exit(1)
