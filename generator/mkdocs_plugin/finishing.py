"""Finishes pages after the theme: language, fixes of the theme, consent, content security policy."""

from __future__ import annotations

from dataclasses import dataclass

from mkdocs.config.defaults import MkDocsConfig

from generator.language import load_language
from generator.mkdocs_plugin import theme
from generator.rendered.characters import clean
from generator.site.analytics import with_consent
from generator.site.config import SiteConfig
from generator.site.content_security_policy import ContentSecurityPolicy, hosts
from generator.site.material_fixes import fix_page
from generator.site.page_layout import in_language


@dataclass(frozen=True, slots=True, kw_only=True)
class Finisher:
    """Finishes the pages of one site. Without a ``policy`` they get no content security policy."""

    site: SiteConfig
    is_material: bool
    policy: ContentSecurityPolicy | None

    def page(self, page: str, *, language: str) -> str:
        """The finished page."""
        page = self.layout(clean(page), language=language)
        return page if self.policy is None else self.policy.on(page)

    def layout(self, page: str, *, language: str) -> str:
        """The finished page layout. Its pages get their content security policy when they are written."""
        words = load_language(language)
        page = in_language(page, language)
        if self.is_material:
            page = fix_page(page, words=words)
        return with_consent(page, self.site.analytics, words)


def finisher(config: MkDocsConfig, site: SiteConfig, *, is_preview: bool) -> Finisher:
    """The finisher of a site. A preview has no content security policy: MkDocs adds a script to its pages."""
    policy = None if is_preview else _content_security_policy(config, site)
    return Finisher(site=site, is_material=theme.is_material(config), policy=policy)


def _content_security_policy(config: MkDocsConfig, site: SiteConfig) -> ContentSecurityPolicy:
    analytics = site.analytics
    return ContentSecurityPolicy(
        {
            "script-src": (
                *hosts(str(script) for script in config.extra_javascript),
                *analytics.sources("script-src"),
            ),
            "style-src": hosts(config.extra_css),
            "connect-src": analytics.sources("connect-src"),
        }
    )
