"""The decision that comes with the bot, used until `bot calibrate` has seen the shop's own questions.

Fitted on English questions as MiniLM sees them: StackFAQ, Arduino's help centre, CLINC150 and BANKING77 (ten examples
an intent), up to 1,200 of each, and the sample shop's; printed by `python -m tests.bench.deciding`, which also says
what such curves are worth on a set they were not fitted on. Of each sign: its mean, its scale, its weight.
"""

from bot.decision import Curve, Curves
from bot.dialogue import Thresholds

EMBEDDER = "all-MiniLM-L6-v2@"  # what begins with it embeds English so
THRESHOLDS = Thresholds(0.6, 0.35)

_RIGHT = Curve(
    {
        "dense": (0.6936, 0.1581, 0.1690),
        "lexical": (0.4136, 0.2284, 0.0495),
        "coverage": (0.6487, 0.2817, -0.1917),
        "lead": (0.1306, 0.0887, 0.4759),
        "agrees": (0.7204, 0.4488, 0.1255),
        "rivals": (0.3020, 0.3752, -0.3716),
        "missed": (0.8383, 0.6086, 0.1036),
        "support": (0.5531, 0.2622, 0.8224),
        "length": (1.6710, 0.3855, 0.2396),
        "words": (0.8330, 0.1103, 0.6988),
        "weakest": (0.5767, 0.2164, 0.1618),
    },
    1.5910,
)
_KNOWN = Curve(
    {
        "dense": (0.6936, 0.1581, 1.0020),
        "lexical": (0.4136, 0.2284, 0.1902),
        "coverage": (0.6487, 0.2817, 0.1003),
        "lead": (0.1306, 0.0887, 0.0988),
        "agrees": (0.7204, 0.4488, 0.1132),
        "rivals": (0.3020, 0.3752, -0.3966),
        "missed": (0.8383, 0.6086, 0.3840),
        "support": (0.5531, 0.2622, 0.2739),
        "length": (1.6710, 0.3855, -0.1222),
        "words": (0.8330, 0.1103, 0.1624),
        "weakest": (0.5767, 0.2164, 0.2470),
    },
    2.3636,
)


def curves(embedder: str, language: str) -> Curves | None:
    """None for an embedder, or a language, that none was fitted for: its cosines mean something else."""
    return Curves(_RIGHT, _KNOWN) if language == "en" and embedder.startswith(EMBEDDER) else None
