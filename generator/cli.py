"""The command ``policy-site``: reads arguments, calls the core, prints what it answers."""

from __future__ import annotations

import sys

import typer

from generator.errors import PolicyError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def policy_site() -> None:
    """Build, preview and check the site of a policy repository."""


def main() -> None:
    """Run the command; exit 0 when done, 1 on an expected refusal, 2 on wrong usage."""
    try:
        app()
    except PolicyError as error:
        typer.echo(f"policy-site: {error}", err=True)
        sys.exit(1)
