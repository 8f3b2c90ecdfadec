"""Refusals that cross between MkDocs and the generator: each is raised in the form the other side expects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mkdocs.exceptions import Abort, ConfigurationError

from generator.errors import ConfigError, PolicyError
from generator.mkdocs_plugin.captured_log import MkDocsLog, captured_log, on_one_line


@contextmanager
def refusals_for_mkdocs() -> Iterator[None]:
    """Raise a refusal as MkDocs' Abort, so that MkDocs prints one line and goes on with a preview."""
    try:
        yield
    except PolicyError as error:
        raise Abort(f"policysite: {error}") from error
    except ConfigurationError as error:
        raise Abort(f"policysite: {on_one_line(str(error))}") from error


@contextmanager
def refusals_of_mkdocs(
    config_file: Path, report: Callable[[str], None] = lambda _: None
) -> Iterator[MkDocsLog]:
    """Turn errors that stop MkDocs into one PolicyError. Yields what MkDocs logs meanwhile.

    ``report`` gets each line of the log at once.
    """
    with captured_log(report) as log:
        try:
            yield log
        except ConfigurationError as error:
            raise ConfigError(
                f"{config_file}: {on_one_line(str(error))}; correct it, or name another file with --config"
            ) from error
        except Abort as error:
            if isinstance(error.__cause__, PolicyError):
                raise error.__cause__ from error
            reasons = "; ".join(log.errors or [*log.warnings, on_one_line(str(error))])
            raise ConfigError(f"{config_file}: {reasons}; correct it") from error
