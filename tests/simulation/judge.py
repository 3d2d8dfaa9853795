"""Whether the promises were kept. Written from the contract alone: it imports nothing of the product.

It is told everything that happens in the world, by the world. Times are true time in seconds.
"""

import math
from bisect import insort
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

WINDOW_S = 3.0
"""What a person puts into a gallery so shortly before the write that replaces it arrives may be lost."""

WAY_S = 0.5
"""The part of it that a write may take on its way; one that takes longer is not the program's doing."""

LATE_S = 0.1
"""A request that takes longer to open its connection counts from when it was written down."""

_EDGE_S = 1e-6
_LONGEST_COMMAND_S = 4 * 3600.0


class BrokenPromiseError(AssertionError):
    """A promise was broken."""


class Sent(Protocol):
    """A request, as far as it concerns the judge."""

    number: int
    kind: str
    product: str | None
    url: str | None
    process: int
    submitted_at: float
    left_at: float
    told_wait_s: float | None
    status: int
    facts: dict[str, Any]


@dataclass
class Gallery:
    """One product's gallery: who put what there, and when somebody last touched it."""

    sku: str
    put_at: dict[str, float] = field(default_factory=dict)
    by_person: set[str] = field(default_factory=set)
    by_run: set[str] = field(default_factory=set)
    ever_by_person: set[str] = field(default_factory=set)
    at_once: set[str] = field(default_factory=set)
    unanswered: list["Sent"] = field(default_factory=list)
    refused: list["Sent"] = field(default_factory=list)
    torn: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)
    removed_by_person: set[str] = field(default_factory=set)
    taken_back: set[str] = field(default_factory=set)
    edited_at: float = float("-inf")
    order_of_run: tuple[str, ...] = ()
    order_of_links: list[str] = field(default_factory=list)
    overwritten: bool = False
    thumbnail_edited: bool = False
    was_touched: bool = False
    exists: bool = True
    is_anew: bool = False


@dataclass
class Seen:
    """A product as it stands: the judge's look at the end."""

    gallery: tuple[str, ...]
    thumbnail: str | None


def important_first(images: Sequence[tuple[str, str]]) -> list[str]:
    """The wanted order (contract, gallery order), each address once, at its most important place."""

    def place(variant: str) -> tuple[int, int, str]:
        if variant == "MAIN":
            return 0, 0, ""
        if variant.startswith("PT") and variant[2:].isdigit():
            return 1, int(variant[2:]), ""
        special = {"SWATCH": 2, "SWCH": 2, "TOPP": 3, "BOTT": 4}
        return special.get(variant, 5), 0, variant if variant not in special else ""

    ordered = sorted(images, key=lambda one: place(one[1]))
    return list(dict.fromkeys(url for url, _ in ordered))


def _tear(gallery: Gallery, gone: Collection[str]) -> None:
    """Somebody takes out a part of what a write has put there that was not answered.

    What is left looks as if they had put it there, and the write had not arrived: the program has to leave
    it to them.
    """
    for write in gallery.unanswered:
        if not set(gone).isdisjoint(write.facts["assets"]):
            gallery.torn.update(write.facts["assets"])


def _sent_to(gallery: Gallery) -> set[str]:
    """What writes that were not answered may have put there."""
    return {one for write in gallery.unanswered for one in write.facts["assets"]}


class Judge:
    """`limits` are the configured ones: so many in so many seconds."""

    def __init__(self, limits: Sequence[tuple[int, float]]) -> None:
        self._limits = tuple(limits)
        self._sent: list[tuple[float, int]] = []
        self._galleries: dict[str, Gallery] = {}
        self._url_of: dict[str, str] = {}
        self._asset_of: dict[str, set[str]] = defaultdict(set)
        self._known_urls: set[str] = set()
        self._just_known: list[str] = []
        self._writing: dict[str, Sent] = {}
        self._paused_until = float("-inf")
        self._paused_at = float("-inf")
        self._known_pause = (self._paused_at, self._paused_until)
        self._deleted_assets: set[str] = set()
        self._brought_again: set[str] = set()
        self.stale_s = 0.0
        self.most_scripts = 1000
        self.longest_command_s = _LONGEST_COMMAND_S
        self.lost_power = False
        self.clock_went_ahead = False
        self._takes_back = False
        self.wanted: dict[str, list[tuple[str, str]]] = {}
        self.ever_wanted: dict[str, set[str]] = defaultdict(set)
        self.requests = 0
        self.told_s = 0.0
        self.figures: dict[str, int] = defaultdict(int)

    # What Plytix holds.

    @property
    def counted(self) -> int:
        """How many requests were made in the last of the longest windows."""
        return len(self._sent)

    def products(self) -> list[str]:
        return [one for one, gallery in self._galleries.items() if gallery.exists]

    def sku_of(self, product_id: str) -> str:
        return self._galleries[product_id].sku

    def times_made(self, sku: str) -> int:
        """How many products have had this SKU, one after the other."""
        return sum(1 for one in self._galleries.values() if one.sku == sku)

    def product_made(self, product_id: str, sku: str) -> None:
        is_another = any(one.sku == sku for one in self._galleries.values())
        # What was done on the one before is gone with it.
        self._galleries[product_id] = Gallery(sku, overwritten=is_another, is_anew=is_another)

    def product_deleted(self, _at: float, product_id: str) -> None:
        self._galleries[product_id].exists = False

    def asset_made(self, asset_id: str, url: str, *, by_hand: bool) -> None:
        self._url_of[asset_id] = url
        self._asset_of[url].add(asset_id)
        del by_hand

    def asset_deleted(self, _at: float, asset_id: str) -> None:
        self._deleted_assets.add(asset_id)
        url = self._url_of[asset_id]
        self._asset_of[url].discard(asset_id)
        self._known_urls.discard(url)
        self._brought_again.discard(url)
        for gallery in self._galleries.values():
            gallery.by_person.discard(asset_id)
            gallery.put_at.pop(asset_id, None)
            _tear(gallery, [asset_id])

    def edited(self, at: float, product_id: str, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        """A person has arranged a gallery."""
        gallery = self._galleries[product_id]
        _tear(gallery, set(before) - set(after))
        # The answer to a write that left the gallery empty tells nothing of it: only the next reading does.
        gallery.at_once.update(gallery.ignored.intersection(after).difference(before))
        for asset_id in set(after) - set(before):
            gallery.put_at[asset_id] = at
            gallery.by_person.add(asset_id)
            gallery.ever_by_person.add(asset_id)
            gallery.removed_by_person.discard(asset_id)
        for asset_id in set(before) - set(after):
            gallery.by_person.discard(asset_id)
            gallery.removed_by_person.add(asset_id)
        gallery.edited_at = at
        gallery.was_touched = True
        self.figures["edits"] += 1

    def thumbnail_edited(self, _at: float, product_id: str, _asset_id: str | None) -> None:
        gallery = self._galleries[product_id]
        gallery.thumbnail_edited = True
        # A write that was not answered may have set it, too: then it looks as if that had not arrived.
        _tear(gallery, _sent_to(gallery))

    # What the program does.

    def started(self, _at: float, _process: int, _command: str) -> None:
        self._writing.clear()
        self._takes_back = False
        self.requests = 0

    def taking_back(self) -> None:
        """The command may take out what the program itself has put there, and put it back."""
        self._takes_back = True

    def killed(self, _at: float) -> None:
        """Nothing is known any more of what was in flight, nor of what was answered last."""
        self._forget_last()
        self.figures["kills"] += 1

    def disk_was_full(self, name: str, outcome: str, message: str) -> None:
        """What the ledger could not take is as unknown as after a kill; and it has to be said."""
        self._forget_last()
        self.figures["full disks"] += 1
        if outcome != "killed" and (outcome != "stopped" or "no space left" not in message):
            raise BrokenPromiseError(f"the disk was full, and {name} ended as {outcome}: {message}")

    def _forget_last(self) -> None:
        self._writing.clear()
        self._known_urls.difference_update(self._just_known)
        self._paused_at, self._paused_until = self._known_pause

    def power_lost(self) -> None:
        """The last commits are gone: what was known in them is not known."""
        self.lost_power = True
        self._known_urls.clear()
        self._paused_at = self._paused_until = float("-inf")
        self._sent.clear()
        for gallery in self._galleries.values():
            # The ledger may tell it as done again, and the undo that took it out may never have been typed.
            gallery.removed_by_person.update(gallery.taken_back)
        self.figures["power losses"] += 1

    def holds(self, scripts: int) -> None:
        """The program works on so many products at once: it needs memory for each."""
        if scripts > self.most_scripts:
            raise BrokenPromiseError(f"{scripts} products were held at once, {self.most_scripts} at most are")

    def planned(self, products: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> None:
        for sku, images in products:
            self.wanted[sku] = list(images)
            self.ever_wanted[sku].update(url for url, _ in images)

    def taken_in(self) -> None:
        """The program waits for answers again: what it has been given so far is committed."""
        self._just_known.clear()
        self._known_pause = (self._paused_at, self._paused_until)

    def submitted(self, sent: Sent) -> None:
        """The program has decided for a request: from now on it may leave at any time."""
        if sent.product in self._galleries:
            self._galleries[sent.product].unanswered.append(sent)

    def not_sent(self, sent: Sent) -> None:
        """It did not leave, as it had become too late for it."""
        if sent.product in self._galleries:
            self._galleries[sent.product].unanswered.remove(sent)

    def claimed(self, product_id: str, asset_id: str) -> None:
        """The program died while it wrote down that it was about to link this."""
        self._galleries[product_id].at_once.add(asset_id)

    def left(self, at: float, sent: Sent) -> None:
        """A request's last byte has left."""
        self.requests += 1
        self.figures["requests"] += 1
        self._check_limits(at, sent)
        if sent.submitted_at > self._paused_at and at < self._paused_until - _EDGE_S and sent.kind != "token":
            raise BrokenPromiseError(
                f"{sent.kind} left {self._paused_until - at:.3f} s before the wait that a 429 told was over"
            )
        if sent.kind in ("product_write", "link", "unlink") and sent.product:
            other = self._writing.get(sent.product)
            if other is not None:
                raise BrokenPromiseError(
                    f"two writes to product {sent.product} at once: {other.number} and {sent.number}"
                )
            self._writing[sent.product] = sent
        if sent.url and sent.url in self._known_urls:
            raise BrokenPromiseError(f"{sent.url} was uploaded though Plytix had it, and the program knew")

    def _check_limits(self, at: float, sent: Sent) -> None:
        longest_s = max((window_s for _, window_s in self._limits), default=0.0)
        while self._sent and self._sent[0][0] < at - longest_s - 10.0:
            self._sent.pop(0)
        counted_at = at if at - sent.submitted_at <= LATE_S else sent.submitted_at
        insort(self._sent, (counted_at, sent.number))
        for allowed, window_s in self._limits:
            for first, last in zip(
                self._sent[-2 * allowed :], self._sent[-2 * allowed :][allowed:], strict=False
            ):
                if last[0] - first[0] < window_s - _EDGE_S:
                    took_s = last[0] - first[0]
                    raise BrokenPromiseError(
                        f"{allowed + 1} requests left within {took_s:.3f} of {window_s:g} s"
                    )

    def answered(self, at: float, sent: Sent) -> None:
        """The program has the answer, or knows that none comes."""
        if sent.product and self._writing.get(sent.product) is sent:
            del self._writing[sent.product]
        is_success = bool(sent.facts.get("is_success"))
        if sent.product in self._galleries and sent.kind == "product_read" and is_success:
            gallery = self._galleries[sent.product]
            gallery.ignored.clear()
            gallery.unanswered = [one for one in gallery.unanswered if "was_answered" not in one.facts]
        if sent.product in self._galleries and (is_success or 400 <= sent.status < 500):
            gallery = self._galleries[sent.product]
            if is_success and sent.facts.get("shows_nothing"):
                # Until the product is read, it is as unknown as without an answer.
                sent.facts["was_answered"] = True
            else:
                gallery.unanswered = [one for one in gallery.unanswered if one is not sent]
            gallery.refused += [sent] * (sent.status == 429)
        if sent.status == 429:
            self.figures["refusals"] += 1
            # It was not counted.
            self._sent = [one for one in self._sent if one[1] != sent.number]
            if sent.kind != "token" and sent.told_wait_s is not None:
                self._paused_at = at
                self._paused_until = max(self._paused_until, at + sent.told_wait_s)
            self.told_s += sent.told_wait_s or 0.0
        elif not is_success:
            self.figures["failures"] += 1
        if sent.url and is_success:
            self._brought_again.add(sent.url)
        if sent.url and is_success and self._asset_of[sent.url] and sent.status != 409:
            self._known_urls.add(sent.url)
            self._just_known.append(sent.url)

    def executed(
        self,
        at: float,
        sent: Sent,
        was: tuple[str, ...],
        now: tuple[str, ...],
    ) -> None:
        """A write of the program's has changed a gallery, or nothing."""
        gallery = self._galleries[sent.product or ""]
        since = sent.left_at - (WINDOW_S - WAY_S) - self.stale_s
        for asset_id in was:
            if asset_id in now:
                continue
            put_at = gallery.put_at.get(asset_id, float("-inf"))
            # What a person took out and put back between two readings, or put there where a write of it was
            # not answered, looks like the program's own.
            if self._takes_back and asset_id in gallery.by_run | gallery.at_once | _sent_to(gallery):
                gallery.taken_back.add(asset_id)
                self.figures["taken back"] += 1
                continue
            if put_at <= since:
                who = "a person" if asset_id in gallery.by_person else "the program itself"
                raise BrokenPromiseError(
                    f"{asset_id} on {gallery.sku}, put there by {who}"
                    f" {sent.left_at - put_at:.3f} s before the write left, was lost"
                )
            gallery.by_person.discard(asset_id)
            gallery.overwritten = True
            self.figures["lost in the window"] += 1
        if gallery.edited_at <= since and self._is_reordered(gallery, was, now):
            raise BrokenPromiseError(f"a person's gallery on {gallery.sku} was reordered: {was} became {now}")
        # What a person has put there since the reading looks like the write's own work.
        recent = [one for one in sent.facts["assets"] if gallery.put_at.get(one, -math.inf) > since]
        gallery.at_once.update(recent)
        gallery.ignored.update(sent.facts["assets"] if not now else ())
        for asset_id in [one for one in now if one not in was]:
            gallery.put_at[asset_id] = at
            gallery.order_of_links = [*(one for one in gallery.order_of_links if one != asset_id), asset_id]
            gallery.removed_by_person.discard(asset_id)
            gallery.taken_back.discard(asset_id)
            gallery.by_run.add(asset_id)
            self.figures["links"] += 1
        if now != was:
            gallery.order_of_run = now
        if at - sent.left_at > WINDOW_S:
            # Done so late that others, and we ourselves, may have written meanwhile.
            gallery.overwritten = gallery.overwritten or now != was
            gallery.thumbnail_edited = gallery.thumbnail_edited or bool(sent.facts["thumbnail"])

    def _is_reordered(self, gallery: Gallery, was: tuple[str, ...], now: tuple[str, ...]) -> bool:
        if self._takes_back:
            own = gallery.by_run | gallery.at_once | _sent_to(gallery)
            persons = [one for one in was if one not in own]
            return [one for one in now if one in persons] != persons
        return self._is_a_persons(gallery, was) and now[: len(was)] != was

    def _is_a_persons(self, gallery: Gallery, standing: Sequence[str]) -> bool:
        # What a person took out and put back, or put there with a write, looks like the program's own.
        if any(asset_id not in gallery.by_run | gallery.at_once for asset_id in standing):
            return True
        return not any(
            [one for one in order if one in standing] == [one for one in standing if one in order]
            for order in (gallery.order_of_run, gallery.order_of_links)
        )

    # What is true in the end.

    def ended(self, _at: float, name: str, outcome: str, seconds: float) -> None:
        self._writing.clear()
        for gallery in self._galleries.values():
            if outcome not in ("finished", "failures"):
                # What was to be sent again after a refusal has been left in the middle.
                gallery.unanswered += gallery.refused
            gallery.refused.clear()
        self.figures["commands"] += 1
        if seconds > self.longest_command_s:
            raise BrokenPromiseError(f"{name} took {seconds:.0f} s and ended as {outcome}")

    def check_rows(
        self,
        links: Collection[tuple[str, str, str | None, str, str | None]],
        thumbnails: Collection[tuple[str, str | None, str]],
        seen: Mapping[str, tuple[str, Seen]],
        *,
        was_refreshed: bool = False,
    ) -> None:
        """What the ledger has as done stands in Plytix, unless somebody else took it away."""
        for sku, url, asset_id, state, origin in links:
            if state not in ("done", "obsolete") or sku not in seen:
                continue
            product_id, product = seen[sku]
            gallery = self._galleries[product_id]
            if asset_id in product.gallery:
                is_known = was_refreshed or not gallery.is_anew
                self._check_origin(gallery, asset_id, state, origin if is_known else None)
            is_gone_by_others = gallery.overwritten or asset_id in gallery.removed_by_person
            if asset_id in product.gallery or is_gone_by_others or asset_id in self._deleted_assets:
                continue
            if state == "done":
                raise BrokenPromiseError(
                    f"the ledger has {url} ({asset_id}) on {sku} as done, but it is not there"
                )
        for sku, asset_id, state in thumbnails:
            if state != "done" or sku not in seen or self.lost_power:
                continue
            product_id, product = seen[sku]
            gallery = self._galleries[product_id]
            if gallery.thumbnail_edited or gallery.overwritten or asset_id in self._deleted_assets:
                continue
            if product.thumbnail != asset_id:
                raise BrokenPromiseError(
                    f"the ledger has the thumbnail of {sku} as done, but {product.thumbnail} stands"
                )

    def _check_origin(self, gallery: Gallery, asset_id: str, state: str, origin: str | None) -> None:
        """What this ledger put there it knows for its own, and nothing else."""
        sent = _sent_to(gallery)
        if origin == "made" and asset_id not in gallery.by_run | gallery.at_once | sent:
            raise BrokenPromiseError(f"{asset_id} on {gallery.sku} counts as our own, but is a person's")
        # A refresh believes a search that is behind where its clock says that the last write is long ago.
        is_unsure = self.lost_power or gallery.overwritten or (self.clock_went_ahead and self.stale_s > 0)
        is_ours = asset_id in gallery.by_run - gallery.ever_by_person - gallery.torn and not is_unsure
        if is_ours and state == "done" and origin != "made":
            raise BrokenPromiseError(f"{asset_id} on {gallery.sku} counts as a person's, but is our own")

    def _gone(self) -> set[str]:
        """The addresses whose assets were deleted without the program's having noticed yet."""
        return {self._url_of[one] for one in self._deleted_assets} - self._brought_again

    def check_end(
        self,
        seen: Mapping[str, tuple[str, Seen]],
        refused: Collection[str],
        not_in_order: Collection[str],
        *,
        was_refreshed: bool,
    ) -> None:
        """The end state is the wanted one: what a run without any misfortune would have come to.

        `not_in_order` are products of which the program says that it could not write their order.
        """
        for sku, images in self.wanted.items():
            if sku not in seen:
                continue
            product_id, product = seen[sku]
            gallery = self._galleries[product_id]
            urls = [url for url in important_first(images) if url not in refused or self._asset_of[url]]
            self._check_product(sku, gallery, product, urls, was_refreshed=was_refreshed)
            if sku not in not_in_order:
                self._check_order(sku, gallery, product, urls)
            main = next((url for url, variant in images if variant == "MAIN"), None)
            is_trusted = gallery.thumbnail_edited or gallery.overwritten or main in self._gone()
            if (is_trusted or self.lost_power) and not was_refreshed:
                continue
            if main is None or (main in refused and not self._asset_of[main]):
                continue
            if self._url_of.get(product.thumbnail or "") != main:
                raise BrokenPromiseError(f"the thumbnail of {sku} is {product.thumbnail}, not {main}")

    def _check_product(
        self, sku: str, gallery: Gallery, product: Seen, urls: list[str], *, was_refreshed: bool
    ) -> None:
        there = [self._url_of[asset_id] for asset_id in product.gallery]
        if len(set(there)) != len(there):
            raise BrokenPromiseError(f"a picture stands twice on {sku}: {there}")
        excused = set() if was_refreshed else {self._url_of[one] for one in gallery.removed_by_person}
        excused |= set() if was_refreshed else self._gone()
        missing = [url for url in urls if url not in there and url not in excused]
        if missing and not (gallery.overwritten and not was_refreshed):
            raise BrokenPromiseError(f"{missing} is missing on {sku}: {there}")
        persons = {self._url_of[one] for one in gallery.by_person}
        strange = set(there) - set(urls) - persons - self.ever_wanted[sku]
        if strange:
            raise BrokenPromiseError(f"{strange} stands on {sku}, and nobody wanted it")

    def _check_order(self, sku: str, gallery: Gallery, product: Seen, urls: list[str]) -> None:
        """In a gallery that nobody else has touched what is wanted stands in front, in order."""
        if gallery.was_touched or self.lost_power or gallery.overwritten or gallery.torn:
            return
        there = [self._url_of[asset_id] for asset_id in product.gallery]
        wanted = [url for url in urls if url in there]
        if there[: len(wanted)] != wanted:
            raise BrokenPromiseError(
                f"{sku} holds {there} in its own gallery, but {wanted} are wanted in front"
            )
