"""Plytix as the world has it: the sandbox's own service behind limits, latency, faults and other people."""

import json
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from simulation.judge import Judge
from simulation.world import World

from amzsync.sandbox import assets
from amzsync.sandbox.access import AccessControl
from amzsync.sandbox.account import Account
from amzsync.sandbox.limits import SlidingWindows
from amzsync.sandbox.messages import Delivery, Request
from amzsync.sandbox.request_log import RequestLog
from amzsync.sandbox.service import Service
from amzsync.sandbox.settings import SandboxSettings
from amzsync.sandbox.state import THUMBNAIL, Attribute, Product, TypeClass
from amzsync.sandbox.store import Store
from amzsync.sandbox.token_store import TokenStore

GALLERY = "amazon_images"
API_URL = "http://127.0.0.1:1/api/v1"
AUTH_URL = "http://127.0.0.1:1/auth/api/get-token"
_WRITES = ("PATCH", "POST", "DELETE")


@dataclass
class Weather:
    """What goes wrong now: shares of the requests concerned, by what becomes of them."""

    error: float = 0.0
    reset: float = 0.0
    lost: float = 0.0
    cut: float = 0.0
    slow: float = 0.0
    refused: float = 0.0
    kinds: tuple[str, ...] = ()
    stale_s: float = 0.0
    others: float = 0.0
    token_limited: bool = False

    def concerns(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds


@dataclass
class Traits:
    """How this account answers, of what is left open (plytix-api)."""

    retry_after: str = "both"
    ids_only: bool = False
    gallery_untold: bool = False
    conflict_without_id: bool = False
    opaque_tokens: bool = True
    token_life_s: float = 900.0
    refuses_in: bool = False
    write_shows_nothing: bool = False
    gallery_writes: str = "replace"


@dataclass(eq=False)
class Flight:
    """One request of ours on its way; `answered` takes status, headers, body and what broke."""

    number: int
    kind: str
    method: str
    path: str
    query: str
    body: bytes
    token: str | None
    process: int
    submitted_at: float
    sent_at: float
    answered: Callable[..., None] = print
    left_at: float = math.inf
    told_wait_s: float | None = None
    product: str | None = None
    url: str | None = None
    was_answered: bool = False
    is_anothers: bool = False
    status: int = 0
    facts: dict[str, Any] = field(default_factory=dict)


class Plytix:
    """One account. Galleries and thumbnails change only here, and the judge sees each change."""

    def __init__(
        self, world: World, judge: Judge, traits: Traits, limits: Sequence[tuple[int, float]]
    ) -> None:
        self.world, self.judge, self.traits = world, judge, traits
        self.weather = Weather()
        ids = iter(range(1, 1_000_000_000))
        self.store = Store(None, new_id=lambda: f"{next(ids):06x}")
        settings = SandboxSettings(
            limits=(),
            opaque_tokens=traits.opaque_tokens,
            token_life_s=traits.token_life_s,
            clock=world.server,
        )
        self.account = Account(self.store, world.server)
        self.store.add_attribute(
            Attribute(self.store.new_id(), GALLERY, "Amazon Images", TypeClass.MEDIA_GALLERY)
        )
        self.tokens = TokenStore(self.store)
        access = AccessControl(self.tokens, settings)
        self._service = Service(self.account, access, RequestLog(), None)
        self._limits = tuple(limits)
        self._accepted: deque[float] = deque()
        self._windows = SlidingWindows(self._limits)
        self._others_at = 0.0
        self._changes: list[tuple[float, str, dict[str, tuple[str, ...]]]] = []
        self._new_assets: list[tuple[float, str]] = []
        self.refused_urls: set[str] = set()
        self.on_read: Callable[[], None] = lambda: None
        """Called while products are as an answer is about to tell them."""
        self.connects_slowly: Callable[[str, float], None] = lambda _product_id, _seconds: None

    def close(self) -> None:
        self.store.close()

    # The account.

    def set_limits(self, limits: Sequence[tuple[int, float]]) -> None:
        self._limits = tuple(limits)
        self._windows = SlidingWindows(self._limits, self._accepted)

    def add_product(self, sku: str) -> str:
        now = self.account.now()
        self.store.add_products([Product(self.store.new_id(), sku, "", "Draft", now, now)])
        found = self.store.product_by_sku(sku)
        assert found is not None
        return found.id

    def product_id(self, sku: str) -> str | None:
        found = self.store.product_by_sku(sku)
        return None if found is None else found.id

    def delete_product(self, product_id: str) -> None:
        self.store.delete_product(product_id)
        self.judge.product_deleted(self.world.now, product_id)

    def gallery(self, product_id: str) -> tuple[str, ...]:
        return self.store.media(product_id).get(GALLERY, ())

    def thumbnail(self, product_id: str) -> str | None:
        return next(iter(self.store.media(product_id).get(THUMBNAIL, ())), None)

    def add_asset(self, url: str, filename: str) -> str:
        """By hand."""
        known = self.store.asset_ids_from(url)
        if known:
            return known[0]
        asset = assets.new_asset(self.account, filename, url)
        self.store.add_asset(asset)
        self.judge.asset_made(asset.id, url, by_hand=True)
        return asset.id

    def delete_asset(self, asset_id: str) -> None:
        users = self.store.products_using([asset_id])
        before = {p: self.gallery(p) for p in self.judge.products() if users}
        if self.store.delete_asset(asset_id):
            self.judge.asset_deleted(self.world.now, asset_id)
            for product_id, gallery in before.items():
                if asset_id in gallery:
                    self._changes.append((self.world.now, product_id, {GALLERY: gallery}))

    def edit(self, product_id: str, gallery: Sequence[str]) -> None:
        """A person arranges a gallery."""
        before = self.store.media(product_id)
        self._changes.append((self.world.now, product_id, before))
        self.store.set_media(product_id, GALLERY, gallery)
        self.judge.edited(self.world.now, product_id, before.get(GALLERY, ()), tuple(gallery))

    def edit_thumbnail(self, product_id: str, asset_id: str | None) -> None:
        before = self.store.media(product_id)
        self._changes.append((self.world.now, product_id, before))
        self.store.set_media(product_id, THUMBNAIL, () if asset_id is None else (asset_id,))
        self.judge.thumbnail_edited(self.world.now, product_id, asset_id)

    # Requests.

    def arrive(self, flight: Flight) -> None:
        """One of our requests is here."""
        world, random = self.world, self.world.random
        is_token = flight.kind == "token"
        if is_token and self.weather.token_limited:
            self._refuse(flight, random.choice((1.0, 5.0, 30.0)))
            return
        wait_s = self._count()
        if wait_s is not None:
            self._refuse(flight, wait_s)
            return
        weather = self.weather
        draw = random.random()
        fate = ""
        if weather.concerns(flight.kind):
            for name in ("error", "reset", "lost", "cut", "slow", "refused"):
                draw -= getattr(weather, name)
                if draw < 0:
                    fate = name
                    break
        if fate == "error":
            status = random.choice((500, 502, 503, 504))
            body = b"<html>bad gateway</html>" if status == 502 else b'{"error":{"msg":"sorry"}}'
            world.after(random.uniform(0.01, 1.0), flight.answered, flight, status, {}, body, None)
            return
        if fate == "refused":
            self._refuse(flight, random.choice((5.0, 40.0, 300.0)))
            return
        if fate == "reset":
            world.after(
                random.uniform(0.01, 1.0), flight.answered, flight, 0, {}, b"", ConnectionResetError()
            )
            return
        world.after(self._work_s(flight, fate), self._work, flight, fate)

    def _count(self) -> float | None:
        now = self.world.now
        if self.weather.others and self._limits:
            interval = min(window_s / (allowed * self.weather.others) for allowed, window_s in self._limits)
            longest = max(window_s for _, window_s in self._limits)
            self._others_at = max(self._others_at, now - longest)
            while self._others_at <= now:
                if self._windows.admit(self._others_at) is None:
                    self._accepted.append(self._others_at)
                self._others_at += interval
        else:
            self._others_at = now
        wait_s = self._windows.admit(now)
        if wait_s is None:
            self._accepted.append(now)
            while self._accepted and self._accepted[0] < now - 3600:
                self._accepted.popleft()
        return wait_s

    def _refuse(self, flight: Flight, wait_s: float) -> None:
        form = self.traits.retry_after
        told: Any = math.ceil(wait_s) if self.traits.ids_only else wait_s
        headers = {"retry-after": str(told)} if form in ("header", "both") else {}
        error: dict[str, Any] = {"msg": "Too many requests"}
        if form in ("body", "both"):
            error["retry_after"] = told
        flight.told_wait_s = None if form == "neither" else float(told)
        body = json.dumps({"error": error}).encode()
        self.world.after(0.02, flight.answered, flight, 429, headers, body, None)

    def _work_s(self, flight: Flight, fate: str) -> float:
        random = self.world.random
        if fate == "slow":
            return random.choice((2.0, 8.0, 30.0, 55.0, 70.0, 100.0)) * random.uniform(0.8, 1.2)
        typical = 1.5 if flight.kind == "asset_upload" else 0.15
        # A long tail: one in a hundred takes ten times as long.
        return typical * min(40.0, random.paretovariate(2.0)) * 0.6

    def _work(self, flight: Flight, fate: str) -> None:
        headers = Message()
        headers["Host"] = "127.0.0.1"
        headers["Content-Type"] = "application/json"
        if flight.token is not None:
            headers["Authorization"] = f"Bearer {flight.token}"
        request = self._as_it_is_done(
            Request(flight.method, flight.path, flight.query, headers, flight.body), flight
        )
        product_id = flight.product if flight.method in _WRITES else None
        before = self.store.media(product_id) if product_id else {}
        delivery = self._exchange(flight, request)
        world = self.world
        if product_id:
            after = self.store.media(product_id)
            if after != before:
                self._changes.append((world.now, product_id, before))
            self._tell(flight, product_id, before, after)
        if flight.kind == "asset_upload" and delivery.status == 201:
            asset_id = json.loads(delivery.body)["data"][0]["id"]
            self._new_assets.append((world.now, asset_id))
            self.judge.asset_made(asset_id, flight.url or "", by_hand=flight.is_anothers)
        status, body = delivery.status, self._as_this_account(flight, delivery)
        broken: Exception | None = None
        if fate == "lost":
            status, body, broken = 0, b"", ConnectionResetError()
        elif fate == "cut" and body:
            body = body[: world.random.randrange(len(body))]
        back_s = world.random.uniform(0.01, 0.15)
        world.after(back_s, flight.answered, flight, status, dict(delivery.headers), body, broken)

    def _tell(
        self,
        flight: Flight,
        product_id: str,
        before: Mapping[str, tuple[str, ...]],
        after: Mapping[str, tuple[str, ...]],
    ) -> None:
        """The judge hears of a write; one of another ledger is for it what a person does."""
        was, now = before.get(GALLERY, ()), after.get(GALLERY, ())
        if not flight.is_anothers:
            self.judge.executed(self.world.now, flight, was, now)
            return
        if was != now:
            self.judge.edited(self.world.now, product_id, was, now)
        if before.get(THUMBNAIL) != after.get(THUMBNAIL):
            self.judge.thumbnail_edited(self.world.now, product_id, None)

    def _as_it_is_done(self, request: Request, flight: Flight) -> Request:
        """No source says that a write replaces the gallery: it may also leave it, or append."""
        how = self.traits.gallery_writes
        if flight.kind != "product_write" or how == "replace":
            return request
        asked = json.loads(request.body)
        written = [one["id"] for one in asked.get("attributes", {}).get(GALLERY, ())]
        asked.pop("attributes", None)
        if how == "append" and written:
            standing = self.gallery(flight.product or "")
            whole = [*standing, *(one for one in written if one not in standing)]
            asked["attributes"] = {GALLERY: [{"id": one} for one in whole]}
        if not asked:
            return Request("GET", request.path, request.query, request.headers, b"")
        return Request(
            request.method, request.path, request.query, request.headers, json.dumps(asked).encode()
        )

    def _exchange(self, flight: Flight, request: Request) -> Delivery:
        if flight.kind == "asset_upload" and flight.url in self.refused_urls:
            return Delivery(422, {}, b'{"error":{"msg":"The URL cannot be fetched"}}')
        if self.traits.refuses_in and flight.kind == "product_search" and b'"in"' in request.body:
            return Delivery(422, {}, b'{"error":{"msg":"Invalid operator"}}')
        if self.weather.stale_s and flight.kind in ("product_search", "asset_search"):
            with self._as_it_was(self.world.now - self.weather.stale_s):
                return self._served(flight, request)
        return self._served(flight, request)

    def _served(self, flight: Flight, request: Request) -> Delivery:
        if flight.kind in ("product_search", "product_read"):
            self.on_read()
        return self._service.exchange(request)

    @contextmanager
    def _as_it_was(self, at: float) -> Iterator[None]:
        """The search index of some time ago."""
        db = self.store.db
        db.execute("BEGIN")
        try:
            for changed_at, product_id, media in reversed(self._changes):
                if changed_at <= at:
                    break
                for label in (GALLERY, THUMBNAIL):
                    self.store.set_media(product_id, label, media.get(label, ()))
            for made_at, asset_id in reversed(self._new_assets):
                if made_at <= at:
                    break
                db.execute("DELETE FROM assets WHERE id = ?", (asset_id,))
            yield
        finally:
            db.execute("ROLLBACK")

    def _as_this_account(self, flight: Flight, delivery: Delivery) -> bytes:
        traits, body = self.traits, delivery.body
        if flight.kind == "asset_upload" and delivery.status == 409 and traits.conflict_without_id:
            return b'{"error":{"msg":"Asset already exists"}}'
        if flight.kind == "product_write" and delivery.status == 200 and traits.write_shows_nothing:
            flight.facts["shows_nothing"] = True
            return b""
        if flight.kind not in ("product_search", "product_read", "product_write") or delivery.status != 200:
            return body
        if not (traits.ids_only or traits.gallery_untold):
            return body
        answer = json.loads(body)
        for row in answer["data"]:
            attributes = row.get("attributes") or {}
            if traits.gallery_untold and flight.kind == "product_search":
                attributes.pop(GALLERY, None)
                row.pop(f"attributes.{GALLERY}", None)
            for place, key in ((attributes, GALLERY), (row, f"attributes.{GALLERY}")):
                if traits.ids_only and isinstance(place.get(key), list):
                    place[key] = [one["id"] for one in place[key]]
        return json.dumps(answer).encode()
