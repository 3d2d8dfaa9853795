"""What is believed of the Plytix API without proof, and what a probe of an account found. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "LONGEST_LAG_S",
    "AccountAnswers",
    "Answers",
    "BeliefLine",
    "Question",
    "Verdict",
    "belief_lines",
    "readable_answers",
]

LONGEST_LAG_S = 20.0
"""So long a probe waits for a search; a lag of this many seconds means that it did not see the end."""

_NO_LAG_S = 1.5
_MAX_LAG_OF_A_READING_S = 3.0
"""As old as a reading may be that a write rests on."""

_MAX_CHARS = 100
_MOST_S = 86_400


class Verdict(StrEnum):
    """What a probe says of a belief."""

    HELD = "held"
    OTHER = "other"
    NOT_SEEN = "not seen"


class Question(StrEnum):
    """What a probe asks; the answers are words, and seconds for the lags."""

    CREATE = "create"
    FAMILY = "family"
    PATCH = "patch"
    ORDER = "order"
    ANSWER = "answer"
    THUMBNAIL = "thumbnail"
    THUMBNAIL_TEXT = "thumbnail-text"
    LINK = "link"
    LINKED = "linked"
    UNLINK = "unlink"
    UNLINK_ABSENT = "unlink-absent"
    GALLERY = "gallery"
    MEDIA = "media"
    EMPTY = "empty"
    SKU_IN = "sku-in"
    EQ = "eq"
    COUNTS = "counts"
    PAGE_SIZE = "page-size"
    UNKNOWN_LABEL = "unknown-label"
    PRODUCT_LAG = "product-lag"
    ASSET_LAG = "asset-lag"
    LINK_LAG = "link-lag"
    EXISTS = "exists"
    OTHER_NAME = "other-name"
    UNREACHABLE = "unreachable"
    UNREACHABLE_S = "unreachable-seconds"
    DELETE_USED = "delete-used"


Answers = Mapping[Question, str | float]


@dataclass(frozen=True, slots=True)
class BeliefLine:
    """One belief, and what the probe found; `found` is "" where it was not seen."""

    key: str
    belief: str
    verdict: Verdict
    found: str


@dataclass(frozen=True, slots=True)
class _Belief:
    """`held` are the answers that bear it out: words, or any number of seconds up to `most_s`."""

    sentence: str
    held: tuple[str, ...] = ()
    most_s: float = _NO_LAG_S


_BELIEFS: Mapping[Question, _Belief] = {
    Question.CREATE: _Belief("The role may make products", ("201",)),
    Question.FAMILY: _Belief("A new product has the gallery attribute", ("has",)),
    Question.PATCH: _Belief("A PATCH of a media gallery replaces it", ("replace",)),
    Question.ORDER: _Belief("A gallery keeps the order that was written", ("kept",)),
    Question.ANSWER: _Belief("The answer to a PATCH shows the whole product", ("whole",)),
    Question.THUMBNAIL: _Belief("A thumbnail is set as an object with an id", ("set",)),
    Question.THUMBNAIL_TEXT: _Belief("A thumbnail that is no object is refused with 422", ("422",)),
    Question.LINK: _Belief("A link appends to a gallery", ("appends",)),
    Question.LINKED: _Belief("A link that is there already is a 409 that names the asset", ("409",)),
    Question.UNLINK: _Belief("An unlink takes a picture out of all attributes", ("everywhere",)),
    Question.UNLINK_ABSENT: _Belief("An unlink of what is not linked is a 404", ("404",)),
    Question.GALLERY: _Belief("A search tells the gallery", ("told",)),
    Question.MEDIA: _Belief("A gallery is told as objects with names", ("objects",)),
    Question.EMPTY: _Belief("A search leaves out an empty attribute", ("absent",)),
    Question.SKU_IN: _Belief("A search takes `in` for SKUs", ("taken",)),
    Question.EQ: _Belief("`eq` ignores case", ("ignores-case",)),
    Question.COUNTS: _Belief(
        "The numbers in `pagination` may be wrong", ("hits", "missing", "unfiltered", "right")
    ),
    Question.PAGE_SIZE: _Belief("A page of more than 100 is refused with 422", ("422",)),
    Question.UNKNOWN_LABEL: _Belief("An attribute that does not exist is refused with 422", ("422",)),
    Question.PRODUCT_LAG: _Belief("A search shows a new product at once"),
    Question.ASSET_LAG: _Belief("A search shows a new asset at once"),
    Question.LINK_LAG: _Belief("A search shows a new link at once"),
    Question.EXISTS: _Belief("An asset that is there is a 409 that tells its id", ("errors", "existing-id")),
    Question.OTHER_NAME: _Belief("An address that is there under another name is a 409", ("409",)),
    Question.UNREACHABLE: _Belief("An address without a picture is refused", ("400", "404", "422")),
    Question.UNREACHABLE_S: _Belief("That takes no longer than a minute", most_s=60.0),
    Question.DELETE_USED: _Belief("An asset that a product holds can be deleted", ("allowed",)),
}

_NOT_TRIED: Mapping[str, str] = {
    "limits": "Requests past the limits are refused with 429, with the time to wait",
    "token": "An access token lives 15 minutes",
    "race": "Two links to one product made at once can lose one",
    "most-assets": "A product holds at most 300 assets",
    "sorted": "A sorted search over 10,000 hits is refused with 428",
    "content": "An asset made from bytes is refused with 500",
    "unknown-field": "Unknown fields of a request are ignored",
    "only-ids": "A search that names no attributes tells only ids",
    "most-attributes": "A search may name 20 attributes",
    "slash": "A path that ends with a slash is answered with a redirect",
    "own-copy": "The address of an asset is Plytix's own copy, never the one it came from",
}
"""What a probe leaves alone: it would cost too many requests, or disturb others."""


def belief_lines(answers: Answers) -> tuple[BeliefLine, ...]:
    """A line for every belief, those that no probe tries among them."""
    tried = tuple(_line(question, belief, answers.get(question)) for question, belief in _BELIEFS.items())
    return tried + tuple(BeliefLine(key, text, Verdict.NOT_SEEN, "") for key, text in _NOT_TRIED.items())


def _line(question: Question, belief: _Belief, answer: str | float | None) -> BeliefLine:
    if answer is None:
        return BeliefLine(question, belief.sentence, Verdict.NOT_SEEN, "")
    if isinstance(answer, float):
        is_held = answer <= belief.most_s
        found = f"not within {answer:.0f} s" if _is_endless(question, answer) else f"{answer:.1f} s"
    else:
        is_held, found = answer in belief.held, answer
    return BeliefLine(question, belief.sentence, Verdict.HELD if is_held else Verdict.OTHER, found)


def _is_endless(question: Question, seconds: float) -> bool:
    return question in _LAGS and seconds >= LONGEST_LAG_S


_LAGS = (Question.PRODUCT_LAG, Question.ASSET_LAG, Question.LINK_LAG)
_SECONDS = (*_LAGS, Question.UNREACHABLE_S)


def readable_answers(kept: object) -> dict[Question, str | float]:
    """Those of a record that was kept, as far as they are answers: it may have been changed by hand."""
    if not isinstance(kept, Mapping):
        return {}
    found = {question: _answer(question, kept.get(question.value)) for question in Question}
    return {question: answer for question, answer in found.items() if answer is not None}


def _answer(question: Question, kept: object) -> str | float | None:
    if question not in _SECONDS:
        is_word = isinstance(kept, str) and 0 < len(kept) <= _MAX_CHARS and kept.isprintable()
        return str(kept) if is_word else None
    if isinstance(kept, bool) or not isinstance(kept, int | float) or not 0 <= kept <= _MOST_S:
        return None
    return float(kept)


@dataclass(frozen=True, slots=True)
class AccountAnswers:
    """What of a probe changes how amzsync works; without a probe, or an answer, nothing does."""

    writes_no_galleries: bool = False
    """A PATCH of a gallery does not do what it is to do, so pictures are linked one by one."""

    tells_galleries: bool = False
    """A search tells a gallery, and leaves it out only where it is empty."""

    search_lag_s: float = 0.0
    """How many seconds searches are behind."""

    @property
    def reads_alone(self) -> bool:
        """Searches are so far behind that no write can rest on one: the product itself is read."""
        return self.search_lag_s > _MAX_LAG_OF_A_READING_S

    @classmethod
    def of(cls, answers: Answers) -> "AccountAnswers":
        lags: Iterable[str | float | None] = map(answers.get, _LAGS)
        lag_s = max((lag for lag in lags if isinstance(lag, float)), default=0.0)
        is_replaced = answers.get(Question.PATCH, "replace") == "replace"
        return cls(
            not is_replaced or answers.get(Question.ORDER, "kept") != "kept",
            answers.get(Question.GALLERY) == "told" and answers.get(Question.EMPTY) == "absent",
            lag_s if lag_s > _NO_LAG_S else 0.0,
        )
