"""What the preview adds to MkDocs' server: a page that says what is wrong, and no visits by another name."""

from __future__ import annotations

import html
import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
Respond = Callable[..., Any]
Application = Callable[[Environ, Respond], Iterable[bytes]]

SECONDS_TO_NEXT_LOOK = 1
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="{seconds}">
<title>The preview waits for a correction</title>
<style>
body {{ max-width: 40rem; margin: 4rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; }}
p.problem {{ padding: 1rem; border-inline-start: 4px solid #b3261e; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>The preview waits for a correction</h1>
<p class="problem">{problem}</p>
<p>Correct it and save the file. This page then shows the policy again.</p>
</body>
</html>
"""


class PreviewApplication:
    """Answers for ``application``; with a ``problem``, every page says what it is."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.problem: str | None = None

    def __call__(self, environ: Environ, respond: Respond) -> Iterable[bytes]:
        """Answer a request (WSGI, PEP 3333)."""
        if not is_own_name(str(environ.get("HTTP_HOST", ""))):
            respond("421 Misdirected Request", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"The preview answers to this machine's address only, such as http://127.0.0.1:8000/\n"]
        path = str(environ.get("PATH_INFO", "/"))
        if self.problem is None or not path.endswith(("/", ".html")):
            return self._application(environ, respond)
        page = PAGE.format(problem=html.escape(self.problem), seconds=SECONDS_TO_NEXT_LOOK).encode()
        # 200: a browser that shows a page of its own for an error would hide this one.
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")]
        respond("200 OK", [*headers, ("Content-Length", str(len(page)))])
        return [page]


def is_own_name(host: str) -> bool:
    """Whether a Host header names this machine by address, or as localhost.

    Any other name could be made to point here by another site, which would then read the drafts.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
