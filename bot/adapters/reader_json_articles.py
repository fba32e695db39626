"""Articles of help centres, as their interfaces give them: Zendesk Guide, Intercom, or just a title and a text."""

import re
from collections.abc import Iterator, Mapping

from bot.adapters.reader_html_lines import Line, lines_of
from bot.adapters.reader_html_tree import fragment
from bot.adapters.reader_markdown import without_html
from bot.content import Found, Page, Problem

_TITLES = ("title", "name", "heading")
_TEXTS = ("body", "text", "content", "markdown", "html")
_TAG = re.compile(
    r"</?(?:p|div|h[1-6]|ul|ol|li|table|br|span|strong|em|b|i|a|section|blockquote|pre|details)\b[^<>]{0,2000}>", re.I
)
_MARKED = re.compile(r"(?:^|\n\n)(?:#{1,6} \S|[*-] \S|\d{1,3}\. \S|```)|\]\(https?:")
_PASSED_ON = ("category", "tags", "language", "enabled", "valid_from", "valid_to", "audience", "always_a_person", "url")


def is_article(record: Mapping[str, object]) -> bool:
    has_title = any(isinstance(record.get(name), str) for name in _TITLES)
    has_text = any(name in record for name in _TEXTS) or isinstance(record.get("translated_content"), dict)
    return has_title and has_text


class Articles:
    """The articles of one file, each named by its id; one that comes again in another language by that, too."""

    def __init__(self, path: str) -> None:
        self._path, self._taken = path, set[str]()
        self.n_seen = 0

    def read(self, record: Mapping[str, object], line: int) -> Iterator[Found]:
        self.n_seen += 1
        if isinstance(record.get("translated_content"), dict) or "state" in record:
            yield from self._intercom(record, line)
        elif not _is_true(record.get("draft")):
            yield self._page(record, _zendesk(record), line)

    def _intercom(self, record: Mapping[str, object], line: int) -> Iterator[Found]:
        """What is published, of the article and of each of its translations."""
        own = _string(record.get("default_locale")).lower()
        if _string(record.get("state")) == "published":
            yield self._page(record, _intercom(record, own), line)
        translations = record.get("translated_content")
        for locale, one in translations.items() if isinstance(translations, dict) else ():
            if (
                not isinstance(one, dict)
                or _string(one.get("state")) != "published"
                or _repeats(record, one, own, locale)
            ):
                continue
            yield self._page({**one, "id": record.get("id")}, _intercom(one, str(locale)), line, str(locale))

    def _page(self, record: Mapping[str, object], fields: dict[str, str], line: int, locale: str = "") -> Found:
        place = f"{self._path}:{line}"
        title, lines = _title(record), _lines(record)
        path = self._take(_id(record) or str(line), locale, fields.get("language", ""))
        if not path:
            return Problem(place, f"a second article has the id {_id(record)}; this one is left out")
        if not any(line.text for line in lines):
            return Problem(place, f"the article “{title}” has no text")
        if lines[0].text.strip() == "---":  # a line that is drawn, and no front matter
            lines[0] = Line("", 1)
        text = "\n".join(line.text for line in lines)
        return Page(path, text, {"title": title, **fields} if title else fields, (place,) * len(lines))

    def _take(self, id: str, locale: str, language: str) -> str:
        """The name of the next article: none where even its language has been seen. Nothing is named twice."""
        for name in (id, f"{id}/{language}" if language else id) if not locale else (f"{id}/{locale}",):
            if name not in self._taken:
                self._taken.add(name)
                return f"{self._path}#{name}"
        return ""


def _repeats(record: Mapping[str, object], one: Mapping[str, object], own: str, locale: str) -> bool:
    """Whether a translation is the article itself once more."""
    is_said = _string(record.get("state")) == "published"
    return is_said and (
        locale.lower() == own or (one.get("title"), one.get("body")) == (record.get("title"), record.get("body"))
    )


def _zendesk(record: Mapping[str, object]) -> dict[str, str]:
    fields = {name: text for name in _PASSED_ON if (text := _listed(record.get(name)))}
    if locale := _string(record.get("locale")):
        fields["language"] = locale
    if address := _address(record.get("html_url")) or _address(record.get("url")):
        fields["url"] = address
    else:
        fields.pop("url", None)
    if labels := _listed(record.get("label_names")):
        fields["tags"] = labels
    if record.get("user_segment_id") or record.get("user_segment_ids"):
        fields["audience"] = "agents"  # not everybody may read it, so no customer is answered from it
    return fields


def _intercom(record: Mapping[str, object], locale: str) -> dict[str, str]:
    fields = {"language": locale, "url": _address(record.get("url"))}
    return {name: value for name, value in fields.items() if value}


def _address(value: object) -> str:
    written = _string(value)
    # Zendesk's `url` is that of its interface, which no customer can open.
    return written if written.startswith(("http://", "https://")) and "/api/v2/" not in written else ""


def _id(record: Mapping[str, object]) -> str:
    written = next((_string(record.get(name)) for name in ("id", "_id", "slug") if _string(record.get(name))), "")
    return re.sub(r"[\s#/\\\x00-\x1f]+", "-", written)[:100]


def _title(record: Mapping[str, object]) -> str:
    return next((" ".join(text.split()) for name in _TITLES if (text := _string(record.get(name)).strip())), "")


def _lines(record: Mapping[str, object]) -> list[Line]:
    text = next((_string(record.get(name)) for name in _TEXTS if _string(record.get(name)).strip()), "")
    lines = lines_of_text(text)
    lead = " ".join(_string(record.get("description")).split()) if "state" in record else ""
    if lead and lead not in text and "<" not in lead:
        return [Line(lead, 1), Line("", 1), *lines]
    return lines


def has_html(text: str) -> bool:
    return "<" in text and bool(_TAG.search(text))


def lines_of_text(text: str) -> list[Line]:
    """HTML, or Markdown with some HTML in it, or plain text: exports hold either."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    written_as_html = text.lstrip().startswith("<") or "\n\n" not in text
    if has_html(text) and written_as_html and not _MARKED.search(text):
        return lines_of(fragment(text))
    return list(without_html(text.strip("\n").split("\n")))


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _listed(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(_string, value)) if isinstance(value, list) else _string(value)


def _is_true(value: object) -> bool:
    return value is True or _string(value).lower() == "true"
