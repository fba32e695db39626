"""What looks into the generator, draws what it saw, and sets another against it; imported when it is made."""

from bot.attention import Attended
from bot.errors import Refused
from bot.insight import Insight
from bot.ports import Generator
from bot.settings import Settings


def check_insight(settings: Settings) -> None:
    """Raises Refused where no weights are at hand: of a server nobody can say where its model looked."""
    from bot.adapters import openai_parts

    if openai_parts.is_address(settings.generator):
        raise Refused(
            "the model at BOT_GENERATOR is behind a server, which does not tell where it looked: attention can be "
            "drawn of a model on this machine (BOT_GENERATOR=composer, a folder or a Hugging Face id)"
        )
    if settings.generator == "none":
        raise Refused("BOT_GENERATOR=none quotes passages: there is no draft whose attention could be drawn")


def make_insight(settings: Settings) -> Insight:
    check_insight(settings)
    from bot.adapters.gpt2_insight import Gpt2Insight

    return Gpt2Insight(settings.generator, threads=settings.model_threads)


def has_insight(settings: Settings) -> bool:
    try:
        check_insight(settings)
    except Refused:
        return False
    return True


def make_rival(settings: Settings, source: str) -> Generator:
    """A model on this machine to set ours against, asked in its own manner. Raises Unavailable."""
    from bot.adapters.gpt2_chat import in_its_own_manner

    return in_its_own_manner(source, threads=settings.model_threads)


def attention_picture(found: Attended, about: str) -> bytes:
    """A PNG. Raises Unavailable where no font can write the words."""
    from bot.adapters.attention_picture import draw

    return draw(found, about)
