"""What is taken from a folder and what is left, on a real file system."""

import os
import threading
from pathlib import Path

import pytest

from bot.adapters import opened_file
from bot.adapters.files import FoundFile, UnopenedFolder, Walk, kind_of, text_files, walked
from bot.adapters.opened_file import shown, visible
from bot.adapters.site_folder import mapped
from bot.adapters.sitemaps import parse


def write(folder: Path, *paths: str, text: str = "# A\n\nB\n") -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def paths(walk: Walk) -> list[str]:
    return [file.path for file in walk.files]


def told(walk: Walk) -> list[str]:
    return [str(problem) for problem in walk.problems]


def test_content_is_found_in_a_stable_order_and_what_lies_beside_it_is_not_mentioned(tmp_path: Path) -> None:
    write(tmp_path, "b.md", "a/2.csv", "a/1.PDF", "a.md", "中文/退货.xlsx", "z.zip", "notes.txt", "x.jsonl")
    write(tmp_path, "README.md", "readme.txt", "LICENSE", "a/changelog.md", "robots.txt", "package.json", ".hidden.md")
    write(tmp_path, ".git/x.md", "judged/q.md", "node_modules/a.md", "__MACOSX/b.md", "~$c.docx", "d.md~", "e.md.bak")
    write(tmp_path, "logo.png", "style.css", "app.js", "font.woff2", "feed.xml", "main.py", "Thumbs.db", "desktop.ini")
    walk = walked(tmp_path, tmp_path)
    assert paths(walk) == ["a/1.PDF", "a/2.csv", "a.md", "b.md", "notes.txt", "x.jsonl", "z.zip", "中文/退货.xlsx"]
    assert (walk.problems, walk.sitemaps) == ((), ())
    assert [file.path for file in text_files(tmp_path, tmp_path / "a")] == ["a/1.PDF", "a/2.csv"]


def test_an_index_that_lies_in_the_folder_is_no_content(tmp_path: Path) -> None:
    write(tmp_path, "faqs.md", "var/index/20261122T120642-5c3f65/passages.txt", "var/answers/answers-en.md")
    write(tmp_path, "var/bot.sqlite", "var/bot.sqlite-wal", "var/bot.sqlite-shm", "var/moods.npz", "var/serve.log")
    walk = walked(tmp_path, tmp_path, [tmp_path / "var" / "index"])
    assert (paths(walk), told(walk)) == (["faqs.md", "var/answers/answers-en.md"], [])
    assert len(paths(walked(tmp_path, tmp_path, [tmp_path / "elsewhere"]))) == 3


def test_formats_that_are_not_read_are_told_in_one_line(tmp_path: Path) -> None:
    write(tmp_path, "a.odt", "b.pages", "c.doc", "d.key", "e.rtf", "f.pptx", "g", "h.md")
    walk = walked(tmp_path, tmp_path)
    assert paths(walk) == ["h.md"]
    why = "is of a format that is not read, and is left out"
    assert told(walk) == [f"a.odt: {why}; so too b.pages, c.doc, d.key, e.rtf, f.pptx and 1 more"]


def test_a_file_that_was_named_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    write(tmp_path, "LICENSE", "kb/notes.odt")
    for origin, below, path in (
        (tmp_path / "LICENSE", tmp_path / "LICENSE", "LICENSE"),
        (tmp_path / "kb", tmp_path / "kb" / "notes.odt", "notes.odt"),
    ):
        (file,) = walked(origin, below).files
        assert (file.origin, file.path, file.data()) == (str(origin), path, b"# A\n\nB\n")


def test_nothing_but_ordinary_files_is_opened(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", "secret.md", "folder/more.md", text="secret")
    kb = write(tmp_path / "kb", "good.md")
    (kb / "link.md").symlink_to(outside / "secret.md")
    (kb / "folder").symlink_to(outside / "folder")
    (kb / "loop").symlink_to(kb)
    (kb / "nowhere.md").symlink_to("/nowhere")
    os.mkfifo(kb / "pipe.md")
    os.link(outside / "secret.md", kb / "hard.md")
    os.link(kb / "good.md", kb / "good-too.md")
    walk = walked(kb, kb)
    assert paths(walk) == ["good-too.md", "good.md"]
    assert told(walk) == [
        "folder: is a symbolic link, which is not followed; so too link.md, loop, nowhere.md",
        "pipe.md: is no ordinary file, and is left out",
        "hard.md: is the same file as one elsewhere (a hard link), and is left out: copy it, if it belongs here",
    ]


def test_what_becomes_a_link_after_it_was_found_is_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", "a.md", "b.md", text="secret")
    kb = write(tmp_path / "kb", "a.md", "sub/b.md")
    first, second = walked(kb, kb).files
    (kb / "a.md").unlink()
    (kb / "a.md").symlink_to(outside / "a.md")
    (kb / "sub").rename(kb / "was")
    (kb / "sub").symlink_to(outside)
    for file in (first, second):
        with pytest.raises(OSError, match="it has become a symbolic link"):
            file.data()


def test_a_file_that_becomes_something_else_or_goes_is_a_sentence(tmp_path: Path) -> None:
    gone, pipe, folder = walked(write(tmp_path, "1.md", "2.md", "3.md"), tmp_path).files
    for name in ("1.md", "2.md", "3.md"):
        (tmp_path / name).unlink()
    os.mkfifo(tmp_path / "2.md")
    (tmp_path / "3.md").mkdir()
    with pytest.raises(OSError, match="it was removed while the folder was read") as error:
        gone.data()
    assert not isinstance(error.value, FileNotFoundError), "what it held is not taken for deleted"
    for file in (pipe, folder):
        with pytest.raises(OSError, match="it is no ordinary file"):
            file.data()


def test_a_file_that_grows_is_read_again_and_then_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = walked(write(tmp_path, "a.md", text="one"), tmp_path).files
    read, grown = opened_file._read, [1]

    def growing(descriptor: int) -> bytes:
        data = read(descriptor)
        if grown:
            with (tmp_path / "a.md").open("a") as more:
                more.write(" two" * grown.pop())
        return data

    monkeypatch.setattr(opened_file, "_read", growing)
    assert file.data() == b"one two"
    grown += [1, 2]
    with pytest.raises(OSError, match="it changed while it was read"):
        file.data()


def test_a_file_beyond_the_limit_is_refused_before_and_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opened_file.MAX_BYTES == 100 * 2**20
    with (tmp_path / "big.md").open("wb") as big:
        big.truncate(opened_file.MAX_BYTES + 1)  # sparse
    (file,) = walked(tmp_path, tmp_path).files
    with pytest.raises(OSError, match="larger than 100 MiB: split it"):
        file.data()
    (tmp_path / "big.md").write_bytes(b"x" * 100)
    monkeypatch.setattr(opened_file, "MAX_BYTES", 50)
    monkeypatch.setattr(opened_file, "_check", lambda about: None)
    with pytest.raises(OSError, match="larger than"):
        file.data()


def test_a_folder_that_cannot_be_opened_is_a_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.md", "shut/b.md", "z.md")
    opened = opened_file.opened_folder

    def refusing(name: str, parent: int) -> int:
        if name == "shut":
            raise PermissionError(13, "Permission denied")
        return opened(name, parent)

    monkeypatch.setattr("bot.adapters.files.opened_folder", refusing)
    first, shut, last = walked(tmp_path, tmp_path).files
    assert (first.path, shut.path, last.path) == ("a.md", "shut", "z.md")
    assert isinstance(shut, UnopenedFolder)
    with pytest.raises(PermissionError):
        shut.data()


def test_folders_without_end_are_left_at_a_depth(tmp_path: Path) -> None:
    here, n_open = tmp_path, len(os.listdir("/proc/self/fd"))
    for _ in range(70):
        here /= "d"
    write(here, "deep.md")
    (file,) = walked(tmp_path, tmp_path).files
    assert isinstance(file, UnopenedFolder)
    assert file.path.count("/") == 64
    with pytest.raises(OSError, match="more than 64 folders"):
        file.data()
    assert len(os.listdir("/proc/self/fd")) == n_open


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"line\nbreak.md", "line%0Abreak.md"), (b"\x1b[31mred\x07.md", "%1B[31mred%07.md"),
        (b"gr\xf6\xdfe.md", "gr%F6%DFe.md"), ("退货.md".encode("gbk"), "%CD%CB%BB%F5.md"),
        ("\u202edm.exe.md".encode(), "%E2%80%AEdm.exe.md"), ("\u200b.md".encode(), "%E2%80%8B.md"),
        ("Größe 退货.md".encode(), "Größe 退货.md"), ("👩\u200d🔧.md".encode(), "👩\u200d🔧.md"),
        (b"a#b.md", "a%23b.md"), (b"100% sure.md", "100% sure.md"), (b"-rf.md", "-rf.md"),
        (b"a\\..\\b.md", "a\\..\\b.md"),
    ],
)  # fmt: skip
def test_any_name_can_be_read_stored_and_shown(tmp_path: Path, name: bytes, path: str) -> None:
    with open(os.fsencode(tmp_path) + b"/" + name, "w") as made:
        made.write("here")
    (file,) = walked(tmp_path, tmp_path).files
    assert (file.path, file.data()) == (path, b"here")
    assert file.path.encode()


def test_halves_of_characters_are_shown_as_something() -> None:
    assert shown("a\ud800b") == "a%3Fb"
    assert visible("a\x1b[2J\nb\u202ec\ud800") == "a\\x1b[2J b\\x202ec\\xd800"
    assert visible("退货　über") == "退货　über"


def test_many_threads_may_read_and_no_descriptor_is_left(tmp_path: Path) -> None:
    files = walked(write(tmp_path, *(f"a/b/{n}.md" for n in range(50))), tmp_path).files
    n_open = len(os.listdir("/proc/self/fd"))
    threads = [threading.Thread(target=lambda: [file.data() for file in files]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(os.listdir("/proc/self/fd")) == n_open


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("returns.md", "content"), ("returns.HTML", "content"), ("readme.html", "aside"), ("sitemap.xml", "sitemap"),
        ("sitemap-2.xml", "aside"), ("page?a=1", "unknown"), ("data.xml.gz", "aside"), ("readme-first.md", "content"),
    ],
)  # fmt: skip
def test_a_name_says_what_to_expect(name: str, kind: str) -> None:
    assert kind_of(name) == kind


# ── a site saved to a folder ──


def site_map(folder: Path, *urls: str, name: str = "sitemap.xml", kind: str = "urlset") -> None:
    inner = "url" if kind == "urlset" else "sitemap"
    entries = "".join(f"<{inner}><loc>{url}</loc><lastmod>2026-01-02</lastmod></{inner}>" for url in urls)
    write(folder, name, text=f"<{kind}>{entries}</{kind}>")


def urls(walk: Walk) -> dict[str, str]:
    return {file.path: file.fields.get("url", "") for file in walk.files if isinstance(file, FoundFile)}


def test_pages_of_the_map_get_their_addresses_and_the_others_are_left_out_and_told(tmp_path: Path) -> None:
    write(tmp_path, "index.html", "help/returns.html", "help/delivery/index.html", "old.html", "faq.csv", "notes.md")
    site_map(
        tmp_path, "https://s.example/", "https://s.example/help/returns", "https://s.example/help/delivery/",
        "https://s.example/help/new",
    )  # fmt: skip
    walk = mapped(walked(tmp_path, tmp_path), parse)
    assert urls(walk) == {
        "faq.csv": "",
        "help/delivery/index.html": "https://s.example/help/delivery/",
        "help/returns.html": "https://s.example/help/returns",
        "index.html": "https://s.example/",
        "notes.md": "",
    }
    assert told(walk) == [
        "sitemap.xml: 1 page of this folder is not in it, and is left out: old.html",
        "sitemap.xml: 1 page of it is not in this folder: https://s.example/help/new",
    ]
    (page,) = (file for file in walk.files if file.path == "index.html")
    assert isinstance(page, FoundFile)
    assert page.fields["modified"] == "2026-01-02"


def test_a_site_may_be_saved_below_its_name_or_without_its_first_folders(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    write(a, "s.example/help/x.html", "s.example/y.html?p=1.html")
    site_map(a, "https://s.example/help/x.html", "https://s.example/y.html?p=1")
    write(b, "x.html", "deep/z.html")
    site_map(b, "https://s.example/help/en/x", "https://s.example/help/en/deep/z.html")
    assert list(urls(mapped(walked(a, a), parse)).values()) == [
        "https://s.example/help/x.html",
        "https://s.example/y.html?p=1",
    ]
    assert urls(mapped(walked(b, b), parse)) == {
        "deep/z.html": "https://s.example/help/en/deep/z.html",
        "x.html": "https://s.example/help/en/x",
    }


def test_a_map_of_another_site_and_one_that_cannot_be_read_change_nothing(tmp_path: Path) -> None:
    write(tmp_path, "a.html")
    site_map(tmp_path, "https://s.example/other")
    walk = mapped(walked(tmp_path, tmp_path), parse)
    assert (urls(walk), told(walk)) == (
        {"a.html": ""},
        ["sitemap.xml: none of its 1 pages is in this folder; the pages beside it are taken without it"],
    )
    write(tmp_path, "sitemap.xml", text="<urlset><url>")
    walk = mapped(walked(tmp_path, tmp_path), parse)
    assert urls(walk) == {"a.html": ""}
    assert told(walk)[0].startswith("sitemap.xml: the sitemap is not well-formed XML")


def test_an_index_is_followed_to_the_maps_beside_it_and_a_missing_one_leaves_nothing_out(tmp_path: Path) -> None:
    write(tmp_path, "a.html", "b.html", "c.html")
    site_map(tmp_path, "https://s.example/m1.xml", "https://s.example/m2.xml", kind="sitemapindex")
    site_map(tmp_path, "https://s.example/a", name="m1.xml")
    walk = mapped(walked(tmp_path, tmp_path), parse)
    assert list(urls(walk)) == ["a.html", "b.html", "c.html"]
    assert "the pages beside it are taken without it" in told(walk)[0]
    site_map(tmp_path, "https://s.example/b", name="m2.xml")
    assert list(urls(mapped(walked(tmp_path, tmp_path), parse))) == ["a.html", "b.html"]


def test_an_index_that_names_itself_ends(tmp_path: Path) -> None:
    write(tmp_path, "a.html")
    site_map(tmp_path, "https://s.example/m1.xml", "https://s.example/sitemap.xml", kind="sitemapindex")
    site_map(tmp_path, "https://s.example/sitemap.xml", name="m1.xml", kind="sitemapindex")
    walk = mapped(walked(tmp_path, tmp_path), parse)
    assert list(urls(walk)) == ["a.html"]
    assert "names another index, which is not followed" in told(walk)[0]
