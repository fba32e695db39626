"""What people should look at again before an answer goes to every customer: somebody's data, and a word to one only."""

import re
from collections.abc import Iterator

_PATTERNS = (
    (r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63})+", "an e-mail address"),
    (r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", "a bank account"),
    (r"(?:订单|单号|运单|快递单)(?:号|编号)?[ :：#]{0,2}[A-Z]{0,4}\d{4,}", "an order or tracking number"),
    (r"(?<![\w.,])\d(?:[ -]?\d){12,18}(?!\w)", "a card or account number"),
    (r"(?<![\w.])1[3-9]\d(?:[ -]?\d{4}){2}(?!\w)", "a phone number"),
    (r"(?<![\w.,])(?:\+|00)\d(?:[ ()./-]{0,2}\d){6,13}(?!\w)", "a phone number"),
    (r"(?<![\w.,])\(?0\d{1,4}\)?(?:[ ./-]\d{2,4}){2,4}(?!\w)", "a phone number"),
    (r"(?<![\w.-])\d{3}[-. ]\d{3}[-. ]\d{4}(?![\w-])", "a phone number"),
    (r"(?<![\w/.#-])(?:[A-Z]{1,4}-?\d{5,}|[A-Z]{2,4}(?:-?\d{4,})+)[A-Z0-9-]*\b", "an order or tracking number"),
    (r"(?<![\w/.#=-])(?=(?:[A-Z]*\d){5})(?=\d*[A-Z])[A-Z0-9]{10,}\b", "an order or tracking number"),
    (r"(?<!\w)#\d{4,}\b|(?<![\w.,€$£¥+/=-])\d{7,}(?![\w%]|[.,]\d)", "an order or tracking number"),
    (r"(?i:\b(?:order|parcel|tracking|invoice|booking)(?: (?:number|no\.?|nr\.?))?[ :#]{1,3})\d{4,}\b",
     "an order or tracking number"),
)  # fmt: skip
# What it looks like → how it is named. The first that takes a stretch of text names it; \w and \b mean Latin letters,
# so that an address ends where Chinese begins.
_PERSONAL = tuple((re.compile(pattern, re.ASCII), kind) for pattern, kind in _PATTERNS)

# An answer is read alone, by anybody.
_LEANING = (
    re.compile(r"\b(?:see|as (?:I|we) (?:said|wrote|mentioned|explained)|as (?:mentioned|discussed|described|stated)|"
               r"like I said|mentioned|described) (?:above|before|earlier|previously|below)\b", re.I),
    re.compile(r"\b(?:see above|as I (?:said|wrote|mentioned)|as (?:mentioned|discussed)|like I said|"
               r"(?:my|our) (?:last|previous|earlier) (?:message|reply|e-?mail|answer))\b", re.I),
    re.compile(r"如上所述|见上文|如前所述|前面(?:说|提)(?:过|到)|刚才(?:说|提)(?:过|到|的)|上面(?:说|提)(?:过|到|的)"),
)  # fmt: skip
_NAME = r"(?!(?:there|all|everyone|everybody|customers?)\b)(?:(?:Mr|Mrs|Ms|Dr)\.? +)?[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?"
_GREETING = re.compile(
    rf"^\s*(?:(?:Hi|Hello|Hey|Dear|Good (?:morning|afternoon|evening))(?: there)?,? +{_NAME}\s*[,!.:–-]"
    r"|(?:尊敬的|亲爱的)?[\u4e00-\u9fff]{1,4}(?:先生|女士|小姐)[,，!！:：您你])"
)
_DONE = (
    "checked refunded cancelled canceled looked forwarded resent re-sent shipped sent credited asked contacted found "
    "extended changed corrected"
).split()
_ONE_CASE = (
    re.compile(rf"\bI(?:['’]ve| have)?(?: just| now| already)? (?:{'|'.join(_DONE)})\b", re.I),
    re.compile(r"\byour (?:order|parcel|package|refund|payment) (?:shipped|left|arrived|will arrive on)\b", re.I),
    re.compile(r"(?:我|这边)?已(?:经)?(?:帮|为|给)(?:您|你)"),
)


def remarks(texts: dict[str, str], known: str) -> Iterator[str]:
    """Sentences about `texts` (by the name of their field). What stands in `known`, the shop's own pages, is public."""
    said: set[str] = set()
    for where, text in texts.items():
        for written, kind in personal(text):
            if written not in said and written not in known:
                said.add(written)
                yield f"Take out “{written}” ({where}): it looks like {kind}."
    answer = texts.get("answer", "")
    if found := _first(_LEANING, answer):
        yield f"“{found}” leans on something this customer was told before: an answer is read alone."
    if greeting := _GREETING.search(answer):
        yield f"“{greeting[0].strip()}” greets one customer: an answer is read by everybody."
    if found := _first(_ONE_CASE, answer):
        yield f"“{found}” speaks of one customer's case: say how it is for everybody."


def _first(patterns: tuple[re.Pattern[str], ...], text: str) -> str:
    return next((found[0] for pattern in patterns if (found := pattern.search(text))), "")


def personal(text: str) -> Iterator[tuple[str, str]]:
    """(what is written, what it looks like), in the order of the patterns; no stretch is named twice."""
    for pattern, kind in _PERSONAL:
        for found in pattern.finditer(text):
            yield found[0].strip(), kind
        text = pattern.sub(lambda found: "\n" * len(found[0]), text)


def has_personal(text: str) -> bool:
    return next(personal(text), None) is not None
