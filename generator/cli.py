"""The program ``policy-site``: it assembles the commands and prints refusals."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from generator.commands import build, check, redline, serve, versions
from generator.errors import PolicyError
from generator.printable import say

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

for command, example in (
    (versions.versions, versions.EXAMPLE),
    (build.build, build.EXAMPLE),
    (serve.serve, serve.EXAMPLE),
    (redline.redline, redline.EXAMPLE),
    (check.check, check.EXAMPLE),
):
    app.command(epilog=f"Example: {example}")(command)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - only this option needs it

        say(f"policy-site {version('policysite')}")
        raise typer.Exit


@app.callback()
def policy_site(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Build, preview and check the site of a policy repository."""


def main() -> None:
    """Run the command; exit 0 when done, 1 on an expected refusal, 2 on wrong usage."""
    try:
        app()
    except PolicyError as error:
        for line in error.lines:
            say(f"policy-site: {line}", err=True)
        sys.exit(1)
