"""The decision that comes with the bot, used until `bot calibrate` has seen the shop's own questions.

Fitted on English questions as MiniLM sees them: StackFAQ, Arduino's help centre, CLINC150 and BANKING77 (ten examples
an intent), up to 1,200 of each, and the sample shop's; printed by `python -m tests.bench.deciding`, which also says
what such curves are worth on a set they were not fitted on. Where a question has few rivals to beat, the signs that
compare passages with each other say nothing: for small knowledge bases there are curves of their own, English and
Chinese, fitted on two dozen small shops and on a few documents of each set at a time (`python -m tests.bench.small`).
Of each sign: its mean, its scale, its weight.
"""

from bot.decision import Curve, Curves
from bot.dialogue import Thresholds

EMBEDDER = "all-MiniLM-L6-v2@"  # what begins with it embeds English so
CHINESE_EMBEDDER = "multilingual-e5-small-q4@"  # what has it in its name, Chinese
THRESHOLDS = Thresholds(0.6, 0.35)
CHINESE_THRESHOLDS = Thresholds(0.7, 0.45)  # five shops to fit on: what they say is held to more
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
        "dense": (0.5469, 0.1990, 0.7184),
        "lexical": (0.2627, 0.2326, -0.2277),
        "coverage": (0.4905, 0.3179, -0.0802),
        "lead": (0.1299, 0.0942, 0.6690),
        "agrees": (0.6650, 0.4720, 0.1388),
        "rivals": (0.2301, 0.3276, -0.2172),
        "missed": (1.1284, 0.6481, 0.0153),
        "support": (0.5146, 0.2952, 0.1230),
        "length": (1.7401, 0.3905, 0.3089),
        "words": (0.7096, 0.1766, 0.3137),
        "weakest": (0.4828, 0.2387, 0.8445),
    },
    0.3805,
)
_KNOWN_SMALL = Curve(
    {
        "dense": (0.5450, 0.1985, 0.7848),
        "lexical": (0.2717, 0.2363, -0.0946),
        "coverage": (0.5051, 0.3252, 0.1155),
        "lead": (0.1285, 0.0944, 0.7168),
        "agrees": (0.6577, 0.4745, 0.0822),
        "rivals": (0.2389, 0.3335, 0.0574),
        "missed": (1.0883, 0.6659, 0.3679),
        "support": (0.5073, 0.2940, -0.2609),
        "length": (1.7002, 0.4286, 0.0589),
        "words": (0.7158, 0.1778, 0.1843),
        "weakest": (0.4976, 0.2470, 1.0041),
    },
    0.8589,
)
_RIGHT_SMALL_ZH = Curve(
    {
        "dense": (0.4642, 0.1122, 0.0089),
        "lexical": (0.1328, 0.1003, 0.1921),
        "coverage": (0.2940, 0.1940, 0.2783),
        "lead": (0.0883, 0.0777, 0.2580),
        "agrees": (0.7437, 0.4366, 0.1695),
        "rivals": (0.4549, 0.4155, -0.2833),
        "missed": (2.5706, 0.6343, -0.2001),
        "support": (0.3397, 0.1861, 0.3077),
        "length": (3.0470, 0.4320, 0.4828),
        "words": (0.8167, 0.0501, 0.9677),
        "weakest": (0.6839, 0.0678, 0.2722),
    },
    0.3898,
)
_KNOWN_SMALL_ZH = Curve(
    {
        "dense": (0.4615, 0.1129, 0.1682),
        "lexical": (0.1490, 0.1322, 0.2811),
        "coverage": (0.3178, 0.2273, 0.2281),
        "lead": (0.0877, 0.0788, 0.3445),
        "agrees": (0.7460, 0.4353, 0.0310),
        "rivals": (0.4619, 0.4170, 0.0428),
        "missed": (2.4584, 0.7932, -0.2439),
        "support": (0.3321, 0.1862, -0.0390),
        "length": (2.9611, 0.5643, 0.3445),
        "words": (0.8179, 0.0503, 1.0301),
        "weakest": (0.6894, 0.0717, 0.2471),
    },
    1.0400,
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
    is_small = passages <= SMALL
    if language == "en" and embedder.startswith(EMBEDDER):
        return Curves(_RIGHT_SMALL, _KNOWN_SMALL) if is_small else Curves(_RIGHT, _KNOWN)
    if language == "zh" and CHINESE_EMBEDDER in embedder and is_small:
        return Curves(_RIGHT_SMALL_ZH, _KNOWN_SMALL_ZH)
    return None


def thresholds(language: str) -> Thresholds:
    """For those curves."""
    return CHINESE_THRESHOLDS if language == "zh" else THRESHOLDS
