"""The decision that comes with the bot, used until `bot calibrate` has seen the shop's own questions.

Fitted on English questions as MiniLM sees them: StackFAQ, Arduino's help centre, CLINC150 and BANKING77 (ten examples
an intent), up to 1,200 of each, and the sample shop's; printed by `python -m tests.bench.deciding`, which also says
what such curves are worth on a set they were not fitted on. Where a question has few rivals to beat, the signs that
compare passages with each other say nothing: for small knowledge bases there are curves of their own, fitted on a few
documents of each set at a time (`python -m tests.bench.small`). Of each sign: its mean, its scale, its weight.
"""

from bot.decision import Curve, Curves
from bot.dialogue import Thresholds

EMBEDDER = "all-MiniLM-L6-v2@"  # what begins with it embeds English so
THRESHOLDS = Thresholds(0.6, 0.35)
SMALL = 100  # passages

_RIGHT = Curve(
    {
        "dense": (0.6914, 0.1599, 0.3297),
        "lexical": (0.4148, 0.2276, -0.0416),
        "coverage": (0.6529, 0.2794, -0.1087),
        "lead": (0.1339, 0.0897, 0.5039),
        "agrees": (0.7223, 0.4479, 0.0881),
        "rivals": (0.2745, 0.3600, -0.3154),
        "missed": (0.8332, 0.6088, -0.0051),
        "support": (0.5489, 0.2667, 0.9215),
        "length": (1.6713, 0.3855, 0.2783),
        "words": (0.8102, 0.1408, 0.3926),
        "weakest": (0.5991, 0.2421, 0.2360),
    },
    1.5876,
)
_KNOWN = Curve(
    {
        "dense": (0.6914, 0.1599, 1.0534),
        "lexical": (0.4148, 0.2276, 0.0919),
        "coverage": (0.6529, 0.2794, 0.2594),
        "lead": (0.1339, 0.0897, 0.1342),
        "agrees": (0.7223, 0.4479, 0.1241),
        "rivals": (0.2745, 0.3600, -0.3512),
        "missed": (0.8332, 0.6088, 0.4308),
        "support": (0.5489, 0.2667, 0.3053),
        "length": (1.6713, 0.3855, -0.1192),
        "words": (0.8102, 0.1408, -0.0304),
        "weakest": (0.5991, 0.2421, 0.4114),
    },
    2.3761,
)
_RIGHT_SMALL = Curve(
    {
        "dense": (0.5336, 0.2186, 1.5707),
        "lexical": (0.2863, 0.2429, 0.0407),
        "coverage": (0.4920, 0.3270, -0.0934),
        "lead": (0.1252, 0.0941, 0.4979),
        "agrees": (0.6434, 0.4790, 0.1514),
        "rivals": (0.2256, 0.3179, -0.2245),
        "missed": (1.0748, 0.6202, -0.2486),
        "support": (0.5657, 0.2842, 0.6172),
        "length": (1.6951, 0.3611, 0.4228),
        "words": (0.7049, 0.1866, 0.0751),
        "weakest": (0.4837, 0.2394, 0.3212),
    },
    -1.0789,
)
_KNOWN_SMALL = Curve(
    {
        "dense": (0.5336, 0.2186, 1.6929),
        "lexical": (0.2863, 0.2429, 0.0720),
        "coverage": (0.4920, 0.3270, -0.1361),
        "lead": (0.1252, 0.0941, 0.4581),
        "agrees": (0.6434, 0.4790, 0.1257),
        "rivals": (0.2256, 0.3179, -0.0585),
        "missed": (1.0748, 0.6202, -0.2682),
        "support": (0.5657, 0.2842, 0.4256),
        "length": (1.6951, 0.3611, 0.3881),
        "words": (0.7049, 0.1866, -0.0042),
        "weakest": (0.4837, 0.2394, 0.3435),
    },
    -0.7662,
)

# Without any vector, while an embedder's server is away: fitted on up to 800 questions of each of the same sets, found
# by words alone (`python -m tests.bench.deciding DIR --by-words` prints such curves from up to 1,200). On a set they
# were not fitted on, of what they let be answered 3 to 20 % is wrong; by hand it would be 24 to 38 %.
_RIGHT_BY_WORDS = Curve(
    {
        "lexical": (0.4321, 0.2146, 0.4926),
        "coverage": (0.6771, 0.2620, 0.6279),
        "lead": (0.0358, 0.0386, 1.0077),
        "agrees": (0.9960, 0.0632, -0.0113),
        "rivals": (0.1768, 0.2703, -0.4841),
        "missed": (0.8032, 0.5986, 0.5683),
        "length": (1.6942, 0.3642, 0.0450),
    },
    0.5115,
)
_KNOWN_BY_WORDS = Curve(
    {
        "lexical": (0.4321, 0.2146, 0.6713),
        "coverage": (0.6771, 0.2620, 0.6149),
        "lead": (0.0358, 0.0386, 0.5029),
        "agrees": (0.9960, 0.0632, -0.3566),
        "rivals": (0.1768, 0.2703, -0.1337),
        "missed": (0.8032, 0.5986, 0.5967),
        "length": (1.6942, 0.3642, -0.0868),
    },
    1.8012,
)
BY_WORDS = Thresholds(0.75, 0.35)


def curves_by_words(language: str) -> Curves | None:
    return Curves(_RIGHT_BY_WORDS, _KNOWN_BY_WORDS) if language == "en" else None


def curves(embedder: str, language: str, passages: int) -> Curves | None:
    """For a knowledge base of so many passages. None for an embedder, or a language, that none was fitted for: its
    cosines mean something else."""
    if language != "en" or not embedder.startswith(EMBEDDER):
        return None
    return Curves(_RIGHT_SMALL, _KNOWN_SMALL) if passages <= SMALL else Curves(_RIGHT, _KNOWN)
