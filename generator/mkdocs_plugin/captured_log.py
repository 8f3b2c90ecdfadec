"""The warnings and errors of MkDocs' log, captured to be shown in the command's own words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mkdocs.livereload import LiveReloadServer
from mkdocs.structure.files import set_exclusions

MKDOCS_LOGGER = "mkdocs"


@contextmanager
def captured_log(report: Callable[[str], None]) -> Iterator[MkDocsLog]:
    """Collect what MkDocs logs; ``report`` gets each line at once."""
    log = MkDocsLog(report)
    logger = logging.getLogger(MKDOCS_LOGGER)
    logger.addHandler(log)
    try:
        yield log
    finally:
        logger.removeHandler(log)


class MkDocsLog(logging.Handler):
    """The warnings and errors that MkDocs logs, one line each."""

    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._report = report
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        is_error = record.levelno >= logging.ERROR
        if record.name == LiveReloadServer.__module__ and not is_error:
            return  # the requests of the browser
        if record.name == set_exclusions.__module__ and not is_error:
            return  # about the files in the documents folder, which the committed files replace
        line = on_one_line(record.getMessage())
        (self.errors if is_error else self.warnings).append(line)
        self._report(f"{'error' if is_error else 'warning'}: {line}")


def on_one_line(message: str) -> str:
    """The message without line breaks and without the full stop at its end."""
    return " ".join(message.split()).rstrip(".!")
