"""One help centre from two kinds of files: `python -m tests.bench.shapes MARKDOWN_DIR ARTICLES.jsonl QUERIES.jsonl`.

MARKDOWN_DIR holds an article a file, its number as `id` in the front matter; ARTICLES.jsonl the same articles in
Zendesk's field names; QUERIES.jsonl `{"query", "positive_ids": ["arduino-4412377144338"]}`. Each shape is read as `bot
ingest` reads it, into an index of its own, and asked the same. Twice: as it is, which is easy, because the questions
are titles; and without the articles' titles, which is what an article is found by when nobody asks in its own words.
"""

import argparse
import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot import bootstrap, bootstrap_content, indexing, metrics, retrieval
from bot.content import COMMAS
from bot.indexes import Reading
from bot.knowledge import Document, Passage
from bot.ports import Embedder
from bot.settings import Settings

ASKED = 20  # passages asked for, of which ten articles are made
_NUMBER = re.compile(r"^id:\s*[\"']?(\d+)", re.M)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.shapes", description="One content, two shapes.")
    parser.add_argument("markdown", type=Path)
    parser.add_argument("articles", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--untitled", action="store_true", help="without the titles only")
    parser.add_argument("--lost", action="store_true", help="name the questions that only one shape answers first")
    chosen = parser.parse_args()
    asked = [json.loads(line) for line in chosen.queries.read_text(encoding="utf-8").splitlines()]
    titled = {} if chosen.untitled else {"with titles": True}
    asyncio.run(
        _compared((chosen.markdown, chosen.articles), asked, chosen.lost, {**titled, "without the titles": False})
    )


async def _compared(
    paths: tuple[Path, Path], asked: Sequence[Mapping[str, Any]], is_lost_told: bool, runs: Mapping[str, bool]
) -> None:
    settings = Settings(generator="none")
    embedder = Once(bootstrap.make_embedder(settings.model_copy(update={"embedder": bootstrap.MINILM})))
    read = {shape: (*_read(settings, path), path) for shape, path in zip(("Markdown", "Zendesk"), paths, strict=True)}
    numbers = {shape: _numbers(path, documents) for shape, (documents, _, path) in read.items()}
    both = set(numbers["Markdown"].values()) & set(numbers["Zendesk"].values())
    for name, is_titled in runs.items():
        firsts = []
        for shape, (every, every_passage, _) in read.items():  # what only one shape holds would stand in its way alone
            documents = [one for one in every if numbers[shape][one.key] in both]
            passages = [one for one in every_passage if numbers[shape][one.document] in both]
            if not is_titled:
                passages = [_untitled(passage) for passage in passages]
            ranks = await _ranks(settings, embedder, documents, passages, asked, numbers[shape])
            print(
                f"{name:<20} {shape:<9} {len(both)} articles  {len(passages)} passages  {_figures(ranks)}",
                flush=True,
            )
            firsts.append([rank == 1 for rank in ranks])
        for query, one, other in zip(asked, *firsts, strict=True):
            if is_lost_told and one != other:
                print(f"    only {'Markdown' if one else 'Zendesk'}: {query['query']}")


class Once:
    """Embeds a text once, whoever asks: the two shapes hold the same sentences."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder, self._known = embedder, dict[tuple[bool, str], tuple[Any, Any]]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed(self, texts: Sequence[str], *, is_query: bool, **_: Any) -> Any:
        return self.read(texts, is_query=is_query).vectors

    def read(self, texts: Sequence[str], *, is_query: bool, **_: Any) -> Reading:
        import numpy as np

        new = [text for text in dict.fromkeys(texts) if (is_query, text) not in self._known]
        if new:
            made = self._embedder.read(new, is_query=is_query)
            self._known |= {(is_query, text): (made.vectors[n], made.words[n]) for n, text in enumerate(new)}
        found = [self._known[is_query, text] for text in texts]
        return Reading(np.asarray([vector for vector, _ in found]), [words for _, words in found])


def _read(settings: Settings, path: Path) -> tuple[list[Document], list[Passage]]:
    with bootstrap_content.make_sandbox() as sandbox:
        files = bootstrap_content.found_files(settings, [path], [], sandbox).files
        parsed = [one for _, one in sandbox.parsed(files, COMMAS)]
    return [d for one in parsed for d in one.documents], [p for one in parsed for p in one.passages]


def _numbers(path: Path, documents: Sequence[Document]) -> Mapping[str, str]:
    """The number of each article, by the key of its document, which may be one question of it."""
    found = {}
    for document in documents:
        file, _, within = document.key.partition("#")
        text = (path / file).read_text(encoding="utf-8", errors="replace") if path.is_dir() else f"id: {within}"
        said = _NUMBER.search(text)
        found[document.key] = said[1] if said else ""
    return found


def _untitled(passage: Passage) -> Passage:
    """Of a path of headings all but the first, which is the article's title."""
    return replace(passage, title=" › ".join(passage.title.split(" › ")[1:]), phrasings=())


async def _ranks(
    settings: Settings, embedder: Any, documents: Sequence[Document], passages: Sequence[Passage],
    asked: Sequence[Mapping[str, Any]], numbers: Mapping[str, str],
) -> list[int]:  # fmt: skip
    """The place of the right article for each question; 0 when it is not among the first ten."""
    with bootstrap.temporary_folder() as place:
        own = bootstrap.own_settings(settings, place, generator="none", embedder=bootstrap.MINILM)
        await bootstrap.migrated(own)
        async with bootstrap.assembled(own, embedder=embedder) as bot:
            await bot.store.apply(documents, passages, (), bot.now())
            await indexing.rebuild(bot)
            ranks = []
            for query in asked:
                hits = (await retrieval.search(bot, query["query"], language="en", k=ASKED)).hits
                found = list(dict.fromkeys(numbers[hit.passage.document] for hit in hits))[:10]
                wanted = {id.rpartition("-")[2] for id in query["positive_ids"]}
                ranks.append(next((n for n, number in enumerate(found, 1) if number in wanted), 0))
    return ranks


def _figures(ranks: Sequence[int]) -> str:
    first = metrics.average([float(rank == 1) for rank in ranks])
    ten = metrics.average([float(rank > 0) for rank in ranks])
    reciprocal = metrics.average([1 / rank if rank else 0.0 for rank in ranks])
    return f"hit@1 {first:.3f}  hit@10 {ten:.3f}  MRR@10 {reciprocal:.3f}"


if __name__ == "__main__":
    main()
