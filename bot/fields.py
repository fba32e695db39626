"""What is said of an entry beside its text: its language, for whom it is, when it holds. One meaning for the front
matter of a page, a comment below a heading, and a column of a table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

NAMES = {
    "title": "title", "标题": "title",
    "kind": "kind", "类型": "kind",
    "category": "category", "分类": "category", "类别": "category",
    "tags": "tags", "tag": "tags", "labels": "tags", "label_names": "tags", "标签": "tags",
    "language": "language", "lang": "language", "locale": "language", "语言": "language",
    "enabled": "enabled", "active": "enabled", "启用": "enabled", "是否启用": "enabled", "状态": "enabled",
    "url": "url", "link": "url", "链接": "url", "网址": "url",
    "valid_from": "valid_from", "生效日期": "valid_from", "生效时间": "valid_from",
    "valid_to": "valid_to", "valid_until": "valid_to", "expires": "valid_to", "失效日期": "valid_to",
    "失效时间": "valid_to", "有效期至": "valid_to",
    "audience": "audience", "受众": "audience", "适用对象": "audience",
    "always_a_person": "always_a_person", "总是转人工": "always_a_person", "转人工": "always_a_person",
    "phrasings": "phrasings", "similar_questions": "phrasings", "alternative_questions": "phrasings",
    "also_asked": "phrasings", "相似问题": "phrasings", "相似问法": "phrasings", "相似问": "phrasings",
}  # fmt: skip
TRUE_WORDS = frozenset({"1", "true", "yes", "y", "on", "enabled", "active", "published", "是", "对", "启用", "已启用"})
FALSE_WORDS = frozenset(
    {"0", "false", "no", "n", "off", "disabled", "inactive", "draft", "否", "禁用", "停用", "未启用"}
)
LANGUAGES = {"english": "en", "英文": "en", "英语": "en", "chinese": "zh", "中文": "zh", "汉语": "zh", "cn": "zh"}
EVERYBODY = frozenset({"", "all", "everybody", "everyone", "public", "customer", "customers", "所有人", "公开", "客户"})
AGENTS = "agents"
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]+(\d{1,2}:\d{2}(?::\d{2})?.*))?")
_GERMAN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


@dataclass(frozen=True, slots=True)
class Fields:
    """`valid_from` and `valid_to` as Passage has them; `audience` is "" for everybody, else agents only."""

    title: str = ""
    kind: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    url: str = ""
    is_enabled: bool = True
    valid_from: str = ""
    valid_to: str = ""
    audience: str = ""
    needs_person: bool = False
    phrasings: tuple[str, ...] = ()


def name_of(written: str) -> str:
    """The field that a name in any spelling stands for; a name nobody knows comes back in lower case."""
    name = re.sub(r"[\s-]+", "_", written.strip().lower())
    return NAMES.get(name, name)


def named(values: Mapping[str, str]) -> dict[str, str]:
    return {name_of(name): value.strip() for name, value in values.items() if value.strip()}


def fields(values: Mapping[str, str]) -> Fields:
    """What `values` (by any names) say. Raises ValueError with a sentence for a value that cannot be meant."""
    said = named(values)
    begins, ends = _moment(said, "valid_from"), _moment(said, "valid_to")
    if begins and ends and begins[:10] > ends[:10]:
        raise ValueError(f"it is valid to {ends}, which is before it is valid from {begins}")
    return Fields(
        said.get("title", ""), said.get("kind", ""), said.get("category", ""), listed(said.get("tags", "")),
        language(said.get("language", "")), said.get("url", ""), _is(said, "enabled", True), begins, ends,
        "" if said.get("audience", "").lower() in EVERYBODY else AGENTS, _is(said, "always_a_person", False),
        tuple(dict.fromkeys(line.strip() for line in said.get("phrasings", "").splitlines() if line.strip())),
    )  # fmt: skip


def language(written: str) -> str:
    """zh for zh-CN, zh_Hans and 中文: passages and questions must name a language alike."""
    name = written.strip().lower()
    return LANGUAGES.get(name) or re.split("[-_]", name)[0]


def listed(value: str) -> tuple[str, ...]:
    """`[a, b]`, `a, b`, `a; b` or 甲、乙."""
    parts = (item.strip(" \"'") for item in re.split(r"[,;，；、\n]", value.strip("[]")))
    return tuple(dict.fromkeys(part for part in parts if part))


def _is(said: Mapping[str, str], name: str, otherwise: bool) -> bool:
    value = said.get(name, "").lower()
    if value and value not in TRUE_WORDS | FALSE_WORDS:
        raise ValueError(f"“{said[name]}” for {name} is neither yes nor no")
    return value in TRUE_WORDS if value else otherwise


def _moment(said: Mapping[str, str], name: str) -> str:
    written = said.get(name, "")
    if not written:
        return ""
    try:
        return _read(written)
    except ValueError:
        raise ValueError(f"“{written}” for {name} is no date such as 2026-12-31, or 2026-12-31 18:00") from None


def _read(written: str) -> str:
    if found := _GERMAN.fullmatch(written):
        return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
    found = _DATE.fullmatch(written)
    if not found:
        raise ValueError(written)
    day = date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    clock = (found[4] or "").strip()
    if not clock:
        return day
    moment = datetime.fromisoformat(f"{day}T{_padded(clock)}")
    # A spreadsheet writes a day as its midnight; who means the minute writes another.
    is_day = moment.tzinfo is None and (moment.hour, moment.minute) == (0, 0)
    return day if is_day else moment.isoformat(timespec="minutes")


def _padded(clock: str) -> str:
    clock = clock.replace("Z", "+00:00").replace(" ", "")
    return clock if clock[1:2].isdigit() else f"0{clock}"
