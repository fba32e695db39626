"""Server-sent events: the same text however the bytes are cut, and one kind of error whatever else comes."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.openai_stream import LONGEST_LINE, Misread, Pieces


def read(data: bytes, size: int = 1 << 20) -> str:
    pieces, text = Pieces(), ""
    for start in range(0, len(data), size):
        text += "".join(pieces.fed(data[start : start + size]))
    return text


def event(text: str, end: str) -> bytes:
    held = json.dumps({"choices": [{"delta": {"content": text}}]}, ensure_ascii=False)
    return f"data: {held}{end}{end}".encode()


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(TEXT, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 40))
def test_the_same_text_comes_however_it_is_cut(texts: list[str], end: str, size: int) -> None:
    data = b"".join(event(text, end) for text in texts) + f"data: [DONE]{end}{end}".encode()
    assert read(data, size) == "".join(texts)


@given(st.binary(max_size=400), st.integers(1, 50))
def test_whatever_bytes_come_they_are_text_or_one_kind_of_error(data: bytes, size: int) -> None:
    with suppress(Misread):
        assert isinstance(read(b"data: " + data + b"\n\n", size), str)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["choices", "delta", "content", "text", "error", "finish_reason"]), inner, max_size=4
    ), max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_whatever_json_comes_it_is_text_or_one_kind_of_error(held: object) -> None:
    try:
        text = read(f"data: {json.dumps(held)}\n\n".encode())
    except Misread:
        return
    text.encode()


def test_nothing_is_read_behind_the_end() -> None:
    assert read(event("yes", "\n") + b"data: [DONE]\n\n" + event("no", "\n")) == "yes"


def test_an_event_of_several_lines_is_one() -> None:
    assert read(b'data: {"choices":\ndata: [{"text": "yes"}]}\nevent: x\nid: 7\n\n') == "yes"


@pytest.mark.parametrize("data", [b"data: " + b"x" * (LONGEST_LINE + 1), b": " + b"x" * (LONGEST_LINE + 1) + b"\n"])
def test_a_line_has_an_end(data: bytes) -> None:
    with pytest.raises(Misread, match="too long"):
        read(data, 1_000)
