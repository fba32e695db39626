"""What goes wrong on purpose.

BotError
├── NotFound             no such conversation, passage or generation
├── Conflict             the conversation changed, or its status does not allow this
├── Forbidden            whoever asks may not do this
├── Refused              bad input; the sentence may be shown to whoever sent it
│   └── TooLarge         longer than a documented limit
├── Unavailable          a store, model or index cannot be used now; the sentence says what to do
│   ├── StorageFull      the database's disk is full: nothing was stored
│   ├── StorageBroken    the disk did not keep what was written: nothing may be acknowledged any more
│   ├── NoIndex          nothing was ingested yet
│   ├── IndexMismatch    the index was built by another model
│   ├── IndexDamaged     a file of the index does not match its checksum
│   └── ServerFails      a model's server is away, late, or answers what it must not
└── DeadlineExceeded     the generator was not ready in time
"""


class BotError(Exception):
    """The root: every error this product raises on purpose."""


class NotFound(BotError):
    pass


class Conflict(BotError):
    """`why` tells a program what stood in the way: version, status, holder, capacity."""

    def __init__(self, sentence: str, why: str = "") -> None:
        self.why = why
        super().__init__(sentence)


class Forbidden(BotError):
    pass


class Refused(BotError):
    pass


class TooLarge(Refused):
    pass


class Unavailable(BotError):
    pass


class StorageFull(Unavailable):
    pass


class StorageBroken(Unavailable):
    pass


class NoIndex(Unavailable):
    def __init__(self) -> None:
        super().__init__("there is no index yet: run `bot ingest knowledge_base/`")


class IndexMismatch(Unavailable):
    def __init__(self, built_by: str, configured: str) -> None:
        self.built_by, self.configured = built_by, configured
        super().__init__(
            f"the index was built with {built_by}, but the configured embedder is {configured}: "
            "run `bot ingest` again, or set BOT_EMBEDDER back"
        )


class IndexDamaged(Unavailable):
    def __init__(self, file: str) -> None:
        self.file = file
        super().__init__(f"{file} does not match its checksum: run `bot ingest` again to rebuild the index")


class ServerFails(Unavailable):
    """`after_s`: how long it asks to be left alone; 0 when it does not say."""

    def __init__(self, sentence: str, after_s: float = 0.0) -> None:
        self.after_s = after_s
        super().__init__(sentence)


class DeadlineExceeded(BotError):
    pass
