"""The images themselves, asked of the hosts that serve them: gone, of another kind, too small."""

from collections.abc import Callable, Iterable

from amzsync.doctor.finding import Finding, Sign, listed, ok
from amzsync.plytix.pictures import PictureAnswer

__all__ = ["ask_for_images", "image_findings"]

_SUBJECT = "images"
_GONE = (403, 404, 410)
_SMALL_PIXELS = 500
"""Amazon itself takes no smaller picture, and zooms into none below 1,000."""

_MOST_UNANSWERED = 3
_EXAMPLES = 2


def ask_for_images(urls: Iterable[str], ask: Callable[[str], PictureAnswer]) -> list[PictureAnswer]:
    """The answers, one after the other; where three in a row do not come, the rest is not asked."""
    answers: list[PictureAnswer] = []
    for url in urls:
        answers.append(ask(url))
        last = answers[-_MOST_UNANSWERED:]
        if len(last) == _MOST_UNANSWERED and all(answer.status is None for answer in last):
            break
    return answers


def image_findings(answers: Iterable[PictureAnswer]) -> list[Finding]:
    """What the answers say, each cause once."""
    asked = tuple(answers)
    found = [_sizes(asked)] if any(answer.picture for answer in asked) else []
    for is_so, sign, what, told, next_step in _CAUSES:
        some = [answer for answer in asked if is_so(answer)]
        if some:
            examples = listed((f"{one.url}: {told(one).rstrip('.')}" for one in some), _EXAMPLES)
            text = f"{len(some):,} of {len(asked):,} {what} ({examples})."
            found.append(Finding(sign, _SUBJECT, text, next_step))
    return found


def _is_gone(answer: PictureAnswer) -> bool:
    return answer.status in _GONE


def _is_strange(answer: PictureAnswer) -> bool:
    return answer.status is not None and not answer.picture and not _is_gone(answer)


def _is_small(answer: PictureAnswer) -> bool:
    return answer.picture is not None and 0 < answer.picture.longest < _SMALL_PIXELS


def _is_unanswered(answer: PictureAnswer) -> bool:
    return answer.status is None


def _status(answer: PictureAnswer) -> str:
    return f"HTTP {answer.status} {answer.content_type}".strip()


def _size(answer: PictureAnswer) -> str:
    return f"{answer.picture.width} × {answer.picture.height}" if answer.picture else ""


_CAUSES = (
    (
        _is_gone,
        Sign.PROBLEM,
        "are gone",
        _status,
        "Make the mapping again, with the images that the listing has now.",
    ),
    (
        _is_strange,
        Sign.PROBLEM,
        "are no JPEG, PNG, GIF or WEBP",
        _status,
        "Open one of them in a browser, and correct its address.",
    ),
    (
        _is_small,
        Sign.WARNING,
        f"are smaller than {_SMALL_PIXELS} pixels",
        _size,
        "Name a larger size, if Amazon has one.",
    ),
    (
        _is_unanswered,
        Sign.WARNING,
        "could not be looked at",
        lambda answer: answer.reason,
        "That says nothing of Plytix, which fetches them by itself.",
    ),
)


def _sizes(asked: tuple[PictureAnswer, ...]) -> Finding:
    pixels = sorted(one.picture.longest for one in asked if one.picture and one.picture.longest)
    count = (
        f"{sum(one.picture is not None for one in asked):,} of {len(asked):,} were looked at and are images"
    )
    return ok(
        _SUBJECT, f"{count}, {pixels[0]:,} to {pixels[-1]:,} pixels wide or high." if pixels else f"{count}."
    )
