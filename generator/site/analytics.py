"""Google Analytics and Yandex Metrika: only if mkdocs.yml names them, and after a visitor's consent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template

from generator.errors import PolicyError
from generator.language import Language

BODY = re.compile(r"<body\b[^>]*>")
SERVICES = {"google": re.compile(r"G-[A-Z0-9]{4,20}"), "yandex": re.compile(r"[0-9]{4,12}")}
"""The services, and the pattern of their counter ids."""

ALLOWED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # developers.google.com/tag-platform/security/guides/csp
    "google": {
        "script-src": ("https://*.googletagmanager.com",),
        "connect-src": (
            "https://*.google-analytics.com",
            "https://*.analytics.google.com",
            "https://*.googletagmanager.com",
        ),
    },
    # yandex.ru/support/metrica/code/install-counter-csp.html
    "yandex": {
        "script-src": ("https://mc.yandex.ru", "https://mc.yandex.com", "https://yastatic.net"),
        "connect-src": ("https://mc.yandex.ru", "https://mc.yandex.com"),
    },
}


class UnknownServiceError(PolicyError):
    """mkdocs.yml names an unknown service, or a counter id that the service cannot have."""

    def __init__(self, name: str, counter: object) -> None:
        known = "`google: G-ABC1234567` or `yandex: 12345678`"
        super().__init__(f"analytics: `{name}: {counter}` is not like {known}; correct it in mkdocs.yml")
        self.name = name


@dataclass(frozen=True, slots=True)
class Analytics:
    """Counter ids by service. If there is none, no page has a question or a script."""

    counters: Mapping[str, str]

    @property
    def version(self) -> str:
        """Identifies the set of counters: a visitor is asked again when it changes."""
        return hashlib.sha256(repr(sorted(self.counters.items())).encode()).hexdigest()[:8]

    def sources(self, directive: str) -> tuple[str, ...]:
        """The sources that a page may load from after a visitor has agreed."""
        return tuple(source for name in self.counters for source in ALLOWED[name].get(directive, ()))


def read_analytics(chosen: Mapping[str, object]) -> Analytics:
    """The services that mkdocs.yml names; raises UnknownServiceError."""
    counters: dict[str, str] = {}
    for name, counter in chosen.items():
        pattern = SERVICES.get(name)
        if pattern is None or not pattern.fullmatch(str(counter)):
            raise UnknownServiceError(name, counter)
        counters[name] = str(counter)
    return Analytics(counters)


def with_consent(page: str, analytics: Analytics, language: Language) -> str:
    """The finished page with the question and, at its foot, the button that opens the question again."""
    if not analytics.counters:
        return page
    question = _template().render(t=language, counters=analytics.counters, version=analytics.version)
    opener = (
        f'<p class="ps-consent-bar" lang="{language.code}" dir="{language.direction}">'
        '<button type="button" class="ps-plain" id="ps-consent-open" hidden>'
        f"{escape(language('consent_open'))}</button></p>"
    )
    page = BODY.sub(lambda found: f"{found[0]}\n{question}", page, count=1)
    return page.replace("</body>", f"{opener}\n</body>", 1)


@cache
def _template() -> Template:
    source = Path(__file__).parents[1] / "templates" / "pages" / "consent.html"
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(
        source.read_text(encoding="utf8")
    )
