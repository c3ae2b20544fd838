"""The script of docs/how-to/feeds.md, with a site in a dictionary."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from harness.articles.article_files import ArticleText, read_articles

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "feeds.md"
SITE = "https://www.dailyquay.com"
ARTICLE = (
    '<html><head><meta property="og:site_name" content="The Quay"></head><body>'
    "<article><h1>Bridge {n}</h1>"
    "<p>Varna opened its new bridge on Monday after four years of work, and the mayor walked over it.</p>"
    "<p>The Coastal Union called the bridge a waste of money, and said that the ferry was cheaper.</p>"
    "</article></body></html>"
)
PATHS = [f"/news/bridge-opens-in-varna-{n}.html" for n in (1, 2)]
ITEMS = "".join(f"<item><title>B</title><link>{SITE}{path}</link></item>" for path in PATHS)
URLS = "".join(f"<url><loc>{SITE}{path}</loc></url>" for path in PATHS)
XML = '<?xml version="1.0"?>'
PAGES = {
    "/feed.xml": f'{XML}<rss version="2.0"><channel><title>Quay</title>{ITEMS}</channel></rss>',
    "/sitemap.xml": f'{XML}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{URLS}</urlset>',
    **{path: ARTICLE.format(n=n) for n, path in enumerate(PATHS, start=1)},
}


@pytest.mark.parametrize("start", ["/feed.xml", "/sitemap.xml"])
def test_the_pages_of_a_site_are_read(start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import trafilatura
    from trafilatura import feeds, sitemaps

    def fetch(url: str, *_: object, **__: object) -> str | None:
        return PAGES.get(url.removeprefix(SITE))

    for module in (trafilatura, feeds, sitemaps):
        monkeypatch.setattr(module, "fetch_url", fetch)
    monkeypatch.setattr(sitemaps, "is_live_page", lambda *_: True)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(sys, "argv", ["fetch_articles.py", SITE + start, str(tmp_path / "a.jsonl")])
    (script,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(script, "fetch_articles.py", "exec"), {})
    articles = [article for article in read_articles([tmp_path]) if isinstance(article, ArticleText)]
    assert [article.id for article in articles] == [SITE + path for path in PATHS]
    assert {article.outlet for article in articles} == {"The Quay"}
    assert [article.text.count("Coastal Union") for article in articles] == [1, 1]
