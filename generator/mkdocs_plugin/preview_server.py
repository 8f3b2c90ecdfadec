"""The web application of the preview, around MkDocs' own.

It shows a page with the problem while the site cannot be built, and answers to this machine's own names only.
"""

from __future__ import annotations

import html
import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
Respond = Callable[..., Any]
Application = Callable[[Environ, Respond], Iterable[bytes]]

SECONDS_TO_RELOAD = 1
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="{seconds}">
<title>Waiting for a correction</title>
<style>
body {{ max-width: 40rem; margin: 4rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; }}
p.problem {{ padding: 1rem; border-inline-start: 4px solid #b3261e; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>Waiting for a correction</h1>
<p class="problem">{problem}</p>
<p>Correct it and save the file. This page then shows the policy again.</p>
</body>
</html>
"""


class PreviewApplication:
    """Serves ``application``. While ``problem`` is set, every page shows it instead."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.problem: str | None = None

    def __call__(self, environ: Environ, respond: Respond) -> Iterable[bytes]:
        """Answer a request (WSGI, PEP 3333)."""
        if not is_own_name(str(environ.get("HTTP_HOST", ""))):
            respond("421 Misdirected Request", [("Content-Type", "text/plain; charset=utf-8")])
            return [
                b"The preview only answers at this machine's own address, such as http://127.0.0.1:8000/\n"
            ]
        path = str(environ.get("PATH_INFO", "/"))
        if self.problem is None or not path.endswith(("/", ".html")):
            return self._application(environ, respond)
        page = PAGE.format(problem=html.escape(self.problem), seconds=SECONDS_TO_RELOAD).encode()
        # 200: browsers may show a page of their own instead of an error page.
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")]
        respond("200 OK", [*headers, ("Content-Length", str(len(page)))])
        return [page]


def is_own_name(host: str) -> bool:
    """Whether a Host header is localhost or an IP address.

    Another site could make any other name point to this machine, and then read the drafts.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
