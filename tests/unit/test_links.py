"""Links within the knowledge base: those that lead nowhere are told, the others never."""

from typing import Any

import pytest

from bot.knowledge import Passage
from bot.links import dead_links


def page(anchor: str, text: str = "It is so.", title: str = "Is it so?", **fields: Any) -> Passage:
    return Passage(anchor, anchor, title, text, "en", **fields)


OTHERS = (
    page("faqs/returns.md#how-long-do-i-have"),
    page("faqs/returns.md#was-kostet-das", "Read this.\n\n**In a store**\n\nIt is free."),
    Passage(
        "policies/returns.md", "policies/returns.md#in-a-store", "Returns › Ways › In a store", "Text.", "en", "policy"
    ),
    page("faqs/zh/退换货.md#退货期限"),
    page("guide.html#start"),
)


def dead(text: str, *more: Passage) -> list[str]:
    here = page("faqs/here.md#me", text)
    return [link for passage, link in dead_links(("readme.md",), (here, *OTHERS, *more)) if passage is here]


@pytest.mark.parametrize(
    "link",
    [
        "returns.md", "returns.md#how-long-do-i-have", "returns.md#How-Long--do-I-have", "./returns.md", "#me",
        "../policies/returns.md#in-a-store", "../policies/returns.md#ways", "returns.md#in-a-store",
        "../readme.md", "zh/%E9%80%80%E6%8D%A2%E8%B4%A7.md#退货期限", "../guide.html?from=faq#start",
        "<returns.md>", 'returns.md "Returns"', "https://shop.example/returns.md", "mailto:a@b.c",
        "//cdn.example/x.html", "/pages/returns.html", "tel:+123", "cart",
    ],
)  # fmt: skip
def test_a_link_that_leads_somewhere_or_elsewhere_is_none_of_ours(link: str) -> None:
    assert dead(f"See [there]({link}).") == []


@pytest.mark.parametrize(
    "link", ["retuns.md", "returns.md#how-long", "../faqs/gone.md#how", "#you", "policies/returns.md", "gone.html"]
)
def test_a_link_that_leads_nowhere_is_told_once(link: str) -> None:
    assert dead(f"See [there]({link}), or [here]({link}).") == [link]


def test_pictures_and_code_with_brackets_are_no_links() -> None:
    assert dead("![a picture](gone.md) and array[0](x.md is odd") == []


def test_where_headings_bear_names_of_their_own_links_to_them_are_not_told() -> None:
    own_names = "[a](#sso) [b](#sign-in) [c](#adult) [d](#junior) [e](#me)"
    assert dead(own_names) == []
    assert dead(own_names + " [f](gone.md)") == ["gone.md"]
    assert dead("[a](#sso) [e](#me) [f](returns.md#how-long-do-i-have)") == ["#sso"]
