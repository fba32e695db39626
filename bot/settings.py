"""Every setting, its default and what it is for: the only reader of the environment."""

import re
from math import inf
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _seconds(value: float) -> float:
    if not 0 < value < inf:
        raise ValueError("must be more than 0 seconds")
    return value


def _secret(value: str) -> str:
    if value and len(value.encode()) < 32:
        raise ValueError("must be 32 bytes or more")
    return value


def _origin(value: tuple[str, ...]) -> tuple[str, ...]:
    """What ends up in a header must not be able to end the directive it stands in."""
    for origin in value:
        if re.search(r"[\s;,'\"]|[^\x21-\x7e]", origin):
            raise ValueError(f"{origin!r} is not an origin: write https://shop.example, separated by commas")
    return value


def _parted(separator: str) -> BeforeValidator:
    """A list written as one line of text."""
    return BeforeValidator(
        lambda value: (
            tuple(part.strip() for part in value.split(separator) if part.strip()) if isinstance(value, str) else value
        )
    )


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{value!r} is not a time zone: write Europe/Dublin, Asia/Shanghai or UTC "
            "(where the computer knows none: pip install tzdata)"
        ) from None
    return value


Zone = Annotated[str, AfterValidator(_zone)]
Seconds = Annotated[float, AfterValidator(_seconds)]
Score = Annotated[float, Field(allow_inf_nan=False)]
Secret = Annotated[str, AfterValidator(_secret)]
Level = Annotated[
    Literal["debug", "info", "warning", "error"], BeforeValidator(lambda v: v.lower() if isinstance(v, str) else v)
]
Origins = Annotated[tuple[str, ...], NoDecode, _parted(","), AfterValidator(_origin)]
Lines = Annotated[tuple[str, ...], NoDecode, _parted("|")]
Names = Annotated[tuple[str, ...], NoDecode, _parted(",")]


class Settings(BaseSettings):
    """Read from `BOT_…` variables, and from a `.env` file in the working directory."""

    model_config = SettingsConfigDict(env_prefix="BOT_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(Path("var"), description="Where the SQLite database and the index generations are kept.")
    database_url: str = Field(
        "", description="`postgresql://user@host/name` or `sqlite:///file`; empty: `bot.sqlite` in the data folder."
    )
    redis_url: str = Field(
        "",
        description="`redis://host` (or `rediss://`): lets several `bot serve` processes on one PostgreSQL hear of "
        "each other's messages at once and count limits together; empty: they look every two seconds, and each counts "
        "for itself.",
    )
    host: str = Field("127.0.0.1", description="The address `bot serve` listens on.")
    port: int = Field(8000, ge=0, le=65535, description="The port `bot serve` listens on; 0 picks a free one.")
    public_url: str = Field(
        "", description="The address customers' browsers use, when a proxy stands in front; empty: the Host header."
    )
    log_level: Level = Field("info", description="`debug`, `info`, `warning` or `error`.")

    shop_name: str = Field("Alder & Volt", description="Shown in the widget's header.")
    accent: str = Field("#1f6f54", pattern=r"^#[0-9a-fA-F]{6}$", description="The shop's colour, `#rrggbb`.")
    embed_origins: Origins = Field(
        ("*",),
        description="Sites that may embed the widget (comma-separated origins); `*` for any, empty for none but ours.",
    )
    greeting_en: str = Field("Hello! How can we help?", description="The widget's first line, English.")
    greeting_zh: str = Field("您好！请问有什么可以帮您？", description="The widget's first line, Chinese.")
    openers_en: Lines = Field(
        (
            "How long does delivery take?",
            "How do I return something?",
            "Which payment methods do you accept?",
            "What does the warranty cover?",
        ),
        description="Questions to tap before anything was said, English; separated by `|`.",
    )
    openers_zh: Lines = Field(
        ("配送需要多长时间？", "怎么退货？", "支持哪些付款方式？", "保修多久？"),
        description="Questions to tap before anything was said, Chinese; separated by `|`.",
    )
    identity_secret: Secret = Field("", description="HS256 key (32 bytes or more) for customers the shop signed in.")
    identity_audience: str = Field("answerdesk", description="The `aud` a customer's signed identity must carry.")

    embedder: str = Field(
        "auto",
        description="`minilm` (English), `multilingual` (English and Chinese), any Hugging Face id or folder "
        "(safetensors only), `http(s)://host:port/v1` of a server, or `auto`: `bot ingest` takes what the content "
        "needs, everything else what ingest took.",
    )
    embedder_model: str = Field("", description="The model's name at that server.")
    embedder_key: SecretStr = Field(SecretStr(""), description="The key that server asks for.")
    embedder_api: Literal["openai", "tei"] = Field(
        "openai", description="`openai` (`/embeddings`) or `tei` (`/embed`; the address then has no `/v1`)."
    )
    embedder_query_prefix: str = Field(
        "", description="What its model wants in front of a question, such as `query: ` (in quotation marks)."
    )
    embedder_passage_prefix: str = Field("", description="The same for a passage, such as `passage: `.")
    embedder_languages: Names = Field(("en",), description="What that model reads: `en`, `zh` or `en, zh`.")
    embedder_seconds: Seconds = Field(
        3.0, description="A question that server has not read by then is searched by its words alone."
    )
    generator: str = Field(
        "composer",
        description="`composer` (ours), any Hugging Face id or folder, `http(s)://host:port/v1` of a server that "
        "speaks OpenAI's protocol, or `none` to quote passages only.",
    )
    generator_model: str = Field("", description="The model's name at that server.")
    generator_key: SecretStr = Field(SecretStr(""), description="The key that server asks for.")
    generator_api: Literal["chat", "completions"] = Field(
        "chat", description="`chat` (`/chat/completions`), or `completions` for a model without a chat template."
    )
    generator_context: int = Field(
        4_096, ge=1_024, description="Tokens of prompt and draft together that its model can hold."
    )
    generator_at_once: int = Field(8, ge=1, le=256, description="Drafts that are written at once.")
    connect_seconds: Seconds = Field(2.0, description="A model's server that takes longer to be reached is away.")
    redact: Literal["always", "remote", "never"] = Field(
        "remote",
        description="Whether personal data is taken out of what a model's server is sent: if it is not on this machine "
        "(`remote`), `always`, or `never`.",
    )
    drafts_waiting: int = Field(
        16, ge=0, le=1_000, description="Drafts that may wait for their turn; one more and the passage is quoted."
    )
    temperature: float = Field(0.0, ge=0, le=2, description="Heat of the first draft; 0 takes the likeliest word.")
    top_p: float = Field(0.9, gt=0, le=1, description="Share of the likeliest words a draft is drawn from.")
    max_tokens: int = Field(96, ge=8, le=512, description="Longest draft, in tokens.")
    drafts: int = Field(1, ge=1, le=8, description="Drafts tried before the passage is quoted.")
    seed: int = Field(0, description="Seed of the drafts: the same question gets the same words.")
    model_workers: int = Field(2, ge=1, le=64, description="Model calls that may run at once.")
    model_threads: int = Field(1, ge=1, le=64, description="Processor threads one model call may use.")

    answer_threshold: Score = Field(
        0.75, description="Decision score at which the bot answers; set, it goes before a calibrated one."
    )
    suggest_threshold: Score = Field(
        0.35, description="Decision score at which it offers near questions instead; set, as above."
    )
    answer_threshold_zh: Score = Field(0.6, description="The same for Chinese: answer.")
    suggest_threshold_zh: Score = Field(0.3, description="The same for Chinese: offer near questions.")
    first_sentence_seconds: Seconds = Field(4.0, description="No checked sentence by then: the passage is quoted.")
    deadline_seconds: Seconds = Field(10.0, description="A draft still unfinished by then is sent as far as it stands.")

    conversations_per_hour: int = Field(
        60, ge=1, description="New conversations one network address may open in an hour (loopback is not counted)."
    )
    messages_at_once: int = Field(10, ge=1, description="Messages a customer may send at once.")
    message_seconds: Seconds = Field(2.0, description="After those, one more in so many seconds.")
    messages_per_day: int = Field(
        500, ge=1, description="Messages a customer may send in a day; asking for a person is not counted."
    )
    drafts_per_day: int = Field(
        50, ge=0, description="Replies of one conversation that are phrased in a day; after them passages are quoted. "
        "0: no limit.",
    )  # fmt: skip
    tokens_per_day: int = Field(
        2_000_000, ge=0, description="Tokens generated in a day for all customers together; after them passages are "
        "quoted. 0: no limit.",
    )  # fmt: skip
    sockets: int = Field(5_000, ge=1, description="Sockets one process keeps open.")
    sockets_per_address: int = Field(
        150, ge=1, description="Customers' sockets from one network address (loopback is not counted)."
    )
    sockets_per_session: int = Field(5, ge=1, description="Tabs a customer may have open.")

    hours: str = Field(
        "", description="When people answer: `Mon-Fri 09:00-12:00,13:00-17:30; Sat 10:00-14:00`; empty: always."
    )
    timezone: Zone = Field("UTC", description="The shop's time zone, such as `Europe/Dublin` or `Asia/Shanghai`.")
    holidays: str = Field("", description="Days off: `2026-12-25, 2026-12-31..2027-01-02`, or `12-26` for every year.")
    claim_seconds: Seconds = Field(
        120.0, description="T1: nobody claimed a waiting customer by then: offered to leave an e-mail address."
    )
    reply_seconds: Seconds = Field(
        300.0, description="T2: an agent silent for so long while the customer waits: back in line, as the first."
    )
    texts: str = Field(
        "", description="A TOML file with the shop's own wording of what the bot says, tables `[en]` and `[zh]`."
    )
    moods: str = Field(
        "",
        description="A TOML file with the shop's own examples of what customers say when they want a person, and in "
        "which mood; added to the built-in ones.",
    )
    smtp_host: str = Field("", description="The mail server; empty: addresses that customers leave show in the inbox.")
    smtp_port: int = Field(587, ge=1, le=65535, description="The mail server's port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="`starttls`, `tls` (port 465) or `none` (a relay on this machine)."
    )
    smtp_user: str = Field("", description="The mail server's user; empty: no log-in.")
    smtp_password: str = Field("", description="The mail server's password.", repr=False)
    smtp_from: str = Field("", description="The sender of letters: `Shop <help@shop.example>`.")
    smtp_to: str = Field("", description="The shop's mailbox, which hears of every address a customer leaves.")
    judged: str = Field(
        "",
        description="Folder of the judged questions that `bot ingest` asks before it publishes (default: `judged` in "
        "the ingested folder).",
    )
    gate_max_error: float = Field(
        0.0, ge=0, le=1, description="Share of wrong answers on them that no publication may rise beyond; 0: no limit."
    )
    fetch: bool = Field(False, description="Whether `bot ingest` may fetch pages and sitemaps from the web.")
    answers_dir: str = Field(
        "",
        description="Where answers published in the console are written as Markdown (default: `answers` in the data "
        "folder); point it inside your knowledge base to keep them together.",
    )
    metrics_token: Secret = Field(
        "", description="Bearer token (32 bytes or more) for `/metrics` from elsewhere than this machine."
    )

    @property
    def sql_url(self) -> str:
        """The database's address with the driver SQLAlchemy needs."""
        url = self.database_url or f"sqlite:///{(self.data_dir / 'bot.sqlite').resolve()}"
        for plain, driven in (
            ("postgresql://", "postgresql+asyncpg://"),
            ("postgres://", "postgresql+asyncpg://"),
            ("sqlite://", "sqlite+aiosqlite://"),
        ):
            if url.startswith(plain):
                return driven + url.removeprefix(plain)
        return url

    @property
    def is_sqlite(self) -> bool:
        return not self.database_url or self.database_url.startswith("sqlite")

    @property
    def index_dir(self) -> Path:
        return self.data_dir / "index"

    @property
    def answers_folder(self) -> Path:
        return Path(self.answers_dir) if self.answers_dir else self.data_dir / "answers"
