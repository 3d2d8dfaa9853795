"""When what is in place was last seen: what is said where Plytix was not asked."""

from dataclasses import dataclass
from datetime import tzinfo

from amzsync.domain.timestamp import local_text, read_moment
from amzsync.ledger.seen import LastSeen
from amzsync.views.console import count_text, plural

__all__ = ["Trust", "seen_fields", "seen_text"]


@dataclass(frozen=True, slots=True)
class Trust:
    """What a run without requests rests on; `check` and `repair` are commands to type.

    `is_of_pending`: only products with something to do were asked for (`--limit`).
    """

    links: int
    seen: LastSeen
    check: str
    repair: str
    is_of_pending: bool = False

    def text(self, zone: tzinfo | None = None) -> str:
        """The sentence in the place of "Done"."""
        looks = f"(not checked now; `{self.check}` looks)"
        if not self.links and self.is_of_pending:
            return f"Nothing to do: none of the products asked for has anything pending {looks}."
        if not self.links:
            return "Nothing to do: no product wants an image."
        when = _when(self.seen, zone)
        links = "the only link" if self.links == 1 else f"all {count_text(self.links)} links"
        if self.seen.never or not when:
            return (
                f"Nothing to do: {links} {_be(self.links, past=False)} in place as far as the ledger knows,"
                f" but when {_they(self.links)} last seen is not recorded {looks}."
            )
        if self.seen.differing:
            return (
                f"Nothing to do that the ledger knows of, but {plural(self.seen.differing, 'product')}"
                f" differed when last seen {when} (not checked now; `{self.repair}` repairs)."
            )
        return f"Nothing to do: {links} {_be(self.links, past=True)} in place when last seen {when} {looks}."


def seen_text(seen: LastSeen, zone: tzinfo | None = None) -> str:
    """One line of a status: when the products with links in place were last seen."""
    when = _when(seen, zone)
    parts = [f"Last seen in Plytix: {plural(seen.products - seen.never, 'product')} {when}".rstrip()]
    if seen.differing:
        parts.append(f"{count_text(seen.differing)} differed")
    if seen.never:
        parts.append(f"{count_text(seen.never)} not known")
    return ", ".join(parts) + "."


def seen_fields(seen: LastSeen) -> dict[str, object]:
    """The same for JSON; times are UTC."""
    return {
        "products": seen.products - seen.never,
        "not_known": seen.never,
        "differing": seen.differing,
        "first": seen.first,
        "last": seen.last,
    }


def _when(seen: LastSeen, zone: tzinfo | None) -> str:
    """`on 2026-11-24 21:03+01:00`, or from one time to another."""
    first, last = read_moment(seen.first), read_moment(seen.last)
    if first is None or last is None:
        return ""
    texts = local_text(first, zone), local_text(last, zone)
    return f"on {texts[0]}" if texts[0] == texts[1] else f"from {texts[0]} to {texts[1]}"


def _be(number: int, *, past: bool) -> str:
    return ("was" if past else "is") if number == 1 else ("were" if past else "are")


def _they(number: int) -> str:
    return "it was" if number == 1 else "they were"
