"""`bot serve` without a model in it: up in seconds, for tests of what lies around the models."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.model_server import model_server, openai_vectors
from tests.running import Server, serving


@contextmanager
def quick(data_dir: Path, **settings: str) -> Iterator[Server]:
    data_dir.mkdir(parents=True, exist_ok=True)
    with model_server() as models:
        models.answer = openai_vectors(lambda text: [1.0, len(text) % 7, text.count("e"), 0.5])
        own = {"BOT_EMBEDDER": models.url, "BOT_EMBEDDER_MODEL": "tiny", "BOT_GENERATOR": "none"}
        with serving(data_dir, **(own | settings)) as server:
            yield server
