"""One peer in its own process: `python peers_runner.py haystack|txtai MODEL THREADS`, in the peers' environment.

Reads one JSON request a line and answers each with one line; nothing of ours is imported. Each peer is set up as its
own documentation shows hybrid search, over the same weights; what departs from that is said where it does.

    {"do": "index", "passages": [{"id": "…", "text": "…"}, …]}     → {"seconds": 1.2, "cpu": 1.1}
    {"do": "ask", "questions": ["…", …], "k": 10}                  → {"found": [[["id", …], ms, cpu ms], …]}
    {"do": "ingest", "files": ["a.md", …]}                         → {"seconds": 1.2, "cpu": 1.1, "documents": 7}
"""

import gc
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from time import perf_counter, process_time
from typing import Any, ClassVar, Protocol, TextIO

WARM_UP = "How long does it take?"


class Peer(Protocol):
    packages: ClassVar[Sequence[str]]

    def index(self, passages: Sequence[dict[str, str]]) -> None:
        """Hold exactly these passages."""
        ...

    def ask(self, question: str, k: int) -> list[str]:
        """The ids of the best passages, at most k."""
        ...

    def ingest(self, files: Sequence[str]) -> int:
        """How many documents these files became, embedded and written."""
        ...


class Haystack:
    """Two retrievers and a DocumentJoiner, as "Creating a Hybrid Retrieval Pipeline" has it, joined by rank.

    Off: progress bars, and handing the vectors of the hits back. Both only take time. Each retriever hands over k
    documents, and k is 10, the number they come with.
    """

    packages: ClassVar[Sequence[str]] = (
        "haystack-ai",
        "sentence-transformers-haystack",
        "sentence-transformers",
        "torch",
    )

    def __init__(self, model: str) -> None:
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
            SentenceTransformersTextEmbedder,
        )

        self._model = model
        self._of_documents = SentenceTransformersDocumentEmbedder(model=model, progress_bar=False)
        self._of_text = SentenceTransformersTextEmbedder(model=model, progress_bar=False)
        self._of_documents.warm_up()
        self._of_text.warm_up()
        self._pipeline: Any = None
        self._indexing: Any = None

    def ingest(self, files: Sequence[str]) -> int:
        """From files to a store; returns how many documents were written. Without files only what it takes is made."""
        if self._indexing is None:
            self._indexing = self._from_files()
        if not files:
            return 0
        written: int = self._indexing.run({"router": {"sources": list(files)}})["writer"]["documents_written"]
        return written

    def _from_files(self) -> Any:
        """As "Preprocessing Different File Types" has it, each component as it comes: 200 words a document, no overlap
        (the tutorial's own 150 and 50 would embed half as much again)."""
        from haystack import Pipeline
        from haystack.components.converters import MarkdownToDocument, TextFileToDocument
        from haystack.components.joiners import DocumentJoiner
        from haystack.components.preprocessors import DocumentCleaner, DocumentSplitter
        from haystack.components.routers import FileTypeRouter
        from haystack.components.writers import DocumentWriter
        from haystack.document_stores.in_memory import InMemoryDocumentStore
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
        )

        embedder = SentenceTransformersDocumentEmbedder(model=self._model, progress_bar=False)
        embedder.warm_up()
        pipeline = Pipeline()
        pipeline.add_component("router", FileTypeRouter(mime_types=["text/markdown", "text/plain"]))
        pipeline.add_component("markdown", MarkdownToDocument(progress_bar=False))
        pipeline.add_component("text", TextFileToDocument())
        pipeline.add_component("joiner", DocumentJoiner())
        pipeline.add_component("cleaner", DocumentCleaner())
        pipeline.add_component("splitter", DocumentSplitter())
        pipeline.add_component("embedder", embedder)
        pipeline.add_component("writer", DocumentWriter(InMemoryDocumentStore(shared=False)))
        pipeline.connect("router.text/markdown", "markdown.sources")
        pipeline.connect("router.text/plain", "text.sources")
        pipeline.connect("markdown", "joiner")
        pipeline.connect("text", "joiner")
        for one, next_one in (("joiner", "cleaner"), ("cleaner", "splitter"), ("splitter", "embedder")):
            pipeline.connect(one, next_one)
        pipeline.connect("embedder", "writer")
        return pipeline

    def index(self, passages: Sequence[dict[str, str]]) -> None:
        from haystack import Document
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        store = InMemoryDocumentStore(shared=False, return_embedding=False)
        documents = [Document(id=passage["id"], content=passage["text"]) for passage in passages]
        store.write_documents(self._of_documents.run(documents)["documents"])
        self._pipeline = self._hybrid(store)

    def _hybrid(self, store: Any) -> Any:
        from haystack import Pipeline
        from haystack.components.joiners import DocumentJoiner
        from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever

        if self._pipeline is not None:  # a component belongs to one pipeline
            self._pipeline.remove_component("text_embedder")
        pipeline = Pipeline()
        pipeline.add_component("text_embedder", self._of_text)
        pipeline.add_component("embedding_retriever", InMemoryEmbeddingRetriever(store))
        pipeline.add_component("bm25_retriever", InMemoryBM25Retriever(store))
        pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        pipeline.connect("text_embedder", "embedding_retriever")
        pipeline.connect("bm25_retriever", "joiner")
        pipeline.connect("embedding_retriever", "joiner")
        return pipeline

    def ask(self, question: str, k: int) -> list[str]:
        found = self._pipeline.run(
            {
                "text_embedder": {"text": question},
                "embedding_retriever": {"top_k": k},
                "bm25_retriever": {"query": question, "top_k": k},
                "joiner": {"top_k": k},
            }
        )
        return [document.id for document in found["joiner"]["documents"]]


class Txtai:
    """`Embeddings(hybrid=True)` over the model's folder; everything else as it comes."""

    packages: ClassVar[Sequence[str]] = ("txtai", "transformers", "faiss-cpu", "torch")

    def __init__(self, model: str) -> None:
        from txtai import Embeddings

        self._embeddings = Embeddings(path=model, hybrid=True)
        self._embeddings.batchtransform([WARM_UP])

    def index(self, passages: Sequence[dict[str, str]]) -> None:
        self._embeddings.index((passage["id"], passage["text"], None) for passage in passages)

    def ask(self, question: str, k: int) -> list[str]:
        return [id for id, _ in self._embeddings.search(question, k)]

    def ingest(self, files: Sequence[str]) -> int:
        raise NotImplementedError("files are read by Haystack only")


PEERS: dict[str, Callable[[str], Peer]] = {"haystack": Haystack, "txtai": Txtai}


def answered(peer: Peer, request: dict[str, Any]) -> dict[str, Any]:
    gc.collect()  # what the last request left behind is not this one's to clear
    if request["do"] == "index":
        started, used = perf_counter(), process_time()
        peer.index(request["passages"])
        return {"seconds": perf_counter() - started, "cpu": process_time() - used}
    if request["do"] == "ingest":
        started, used = perf_counter(), process_time()
        n_written = peer.ingest(request["files"])
        return {"seconds": perf_counter() - started, "cpu": process_time() - used, "documents": n_written}
    return {"found": [found(peer, question, request["k"]) for question in request["questions"]]}


def found(peer: Peer, question: str, k: int) -> tuple[list[str], float, float]:
    started, used = perf_counter(), process_time()
    ids = peer.ask(question, k)
    return ids, (perf_counter() - started) * 1_000, (process_time() - used) * 1_000


def converse(peer: Peer, requests: TextIO, answers: TextIO) -> None:
    for line in requests:
        answers.write(json.dumps(answered(peer, json.loads(line))) + "\n")
        answers.flush()


def main(name: str, model: str, threads: str) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer
    import torch

    torch.set_num_threads(int(threads))
    peer = PEERS[name](model)
    answers.write(json.dumps({"versions": {package: version(package) for package in peer.packages}}) + "\n")
    answers.flush()
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    converse(peer, sys.stdin, answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
