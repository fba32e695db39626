"""What a web page says of itself: title, language, address."""

import re

from lxml.html import HtmlElement

from bot.adapters.reader_html_inline import said

_BETWEEN = re.compile(r" [|\-–—·•»›:]{1,2} |[|｜]|\s?_\s(?=\S)|(?<=[\u3400-\u9fff])[-–—_](?=[\u3400-\u9fff])")


def about(root: HtmlElement, main: HtmlElement) -> dict[str, str]:
    """The fields of the page, by the names of the front matter; what it does not say is left out."""
    fields = {"title": _title(root, main), "language": _language(root), "url": _address(root)}
    return {name: value for name, value in fields.items() if value}


def _title(root: HtmlElement, main: HtmlElement) -> str:
    headings = [text for heading in main.iter("h1") if (text := said(heading).rstrip("¶§").strip())]
    if len(headings) == 1:
        return headings[0]
    site = _meta(root, "og:site_name")
    named = _meta(root, "og:title") or next((said_title(title) for title in root.iter("title")), "")
    outside = [text for heading in root.iter("h1") if (text := said(heading)) and text != site]
    if not headings and len(outside) == 1 and outside[0] in named:
        return outside[0]
    return without_site(named, site) or (headings or outside or [""])[0]


def said_title(title: HtmlElement) -> str:
    return " ".join((title.text or "").split())


def without_site(title: str, site: str) -> str:
    """“Returns – Help – Acme” without “Acme”: the site's name stands last, or where it is known to."""
    parts = [part.strip() for part in _BETWEEN.split(title) if part.strip()]
    if len(parts) < 2:
        return title.strip()
    if site:
        kept = [part for part in parts if part.casefold() not in (site.casefold(), f"{site} help center".casefold())]
        return title.strip() if len(kept) == len(parts) or not kept else " – ".join(kept)
    return title[: title.rindex(parts[-1])].rstrip(" |-–—·•»›:_｜") or parts[0]


def _meta(root: HtmlElement, name: str) -> str:
    for meta in root.iter("meta"):
        if name in (meta.get("property"), meta.get("name")):
            return " ".join(meta.get("content", "").split())
    return ""


def _language(root: HtmlElement) -> str:
    page = next(root.iter("html"), root)
    written = page.get("lang") or page.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    return written if re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}", written.strip()) else ""


def _address(root: HtmlElement) -> str:
    for link in root.iter("link"):
        if "canonical" in link.get("rel", "").lower().split() and link.get("href", "").startswith(
            ("http://", "https://")
        ):
            return str(link.get("href")).strip()
    address = _meta(root, "og:url")
    return address if address.startswith(("http://", "https://")) else ""
