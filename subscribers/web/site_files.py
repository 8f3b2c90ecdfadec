"""The built site as ``serve`` shows it: its public files, with security headers."""

from __future__ import annotations

import os
from pathlib import Path

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

# The pages themselves say what they may load, since most web hosts of a site set no headers.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": "frame-ancestors 'self'",  # not possible inside a page
    "Cross-Origin-Opener-Policy": "same-origin",
}
PUBLIC = ".well-known"  # RFC 8615


class SiteFiles(StaticFiles):
    """Serves a site's folder without hidden files, such as ``.git`` and ``.env``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True)

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """The file for a path; nothing if a part of the path begins with a dot."""
        if any(part.startswith(".") and part != PUBLIC for part in Path(path).parts):
            return "", None
        return super().lookup_path(path)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with the headers."""
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response
