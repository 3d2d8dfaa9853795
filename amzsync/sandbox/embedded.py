"""The sandbox as a whole: start it, look inside, change what a person would change, stop it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from amzsync.errors import SandboxError
from amzsync.sandbox import assets, importer, media
from amzsync.sandbox.access import AccessControl
from amzsync.sandbox.account import Account
from amzsync.sandbox.attributes import label_of
from amzsync.sandbox.import_result import AssetMode, Imported
from amzsync.sandbox.import_store import alt_texts
from amzsync.sandbox.request_log import Exchange, RequestLog
from amzsync.sandbox.routes import API_ROOT, TOKEN_PATH
from amzsync.sandbox.server import HOST, Server
from amzsync.sandbox.service import Service
from amzsync.sandbox.settings import SandboxSettings
from amzsync.sandbox.state import (
    THUMBNAIL,
    AssetState,
    Attribute,
    Product,
    ProductState,
    Snapshot,
    TypeClass,
)
from amzsync.sandbox.store import Store
from amzsync.sandbox.token_store import TokenStore


class Sandbox:
    """A Plytix account on loopback; a context manager that serves between start and stop."""

    def __init__(self, settings: SandboxSettings | None = None) -> None:
        self._settings = settings or SandboxSettings()
        self._log = RequestLog()
        self._account: Account | None = None
        self._server: Server | None = None

    def start(self) -> Self:
        """Open the state and listen; a SandboxError where the file or the port cannot be used."""
        if self._server is not None:
            return self
        settings = self._settings
        store = Store(settings.path)
        try:
            self._account = Account(store, settings.clock, behaviour=settings.behaviour)
            for label in settings.gallery_labels:
                name = label.replace("_", " ").title()
                store.add_attribute(Attribute(store.new_id(), label, name, TypeClass.MEDIA_GALLERY))
            access = AccessControl(TokenStore(store), settings)
            service = Service(self._account, access, self._log, settings.intercept)
            self._server = Server(settings.port, service.exchange)
        except BaseException:
            self._account = None
            store.close()
            raise
        return self

    def stop(self) -> None:
        """Close everything; the state in a file is there at the next start, in memory it is gone."""
        server, account = self._server, self._account
        if server is None or account is None:
            return
        server.stop()
        account.store.close()
        self._server = self._account = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._running_server.port}{API_ROOT}"

    @property
    def auth_url(self) -> str:
        return f"http://{HOST}:{self._running_server.port}{TOKEN_PATH}"

    @property
    def history(self) -> Sequence[Exchange]:
        """The last exchanges, oldest first."""
        return self._log.exchanges

    @property
    def counts(self) -> Mapping[str, int]:
        """Requests by method and shape of the path, such as `PATCH /products/{id}`."""
        return self._log.counts

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def overlapping_writes(self) -> int:
        """Writes that arrived while another to the same product was in progress."""
        return self._log.overlapping_writes

    def seed(self, skus: Iterable[str]) -> None:
        """Products that exist; one that is there already stays as it is."""
        store, now = self._running.store, self._running.now()
        with store.transaction():
            store.add_products(Product(store.new_id(), sku, "", "Draft", now, now) for sku in skus)

    def snapshot(self) -> Snapshot:
        """Everything at one instant; `gallery` is that of the first gallery label."""
        gallery_label = next(iter(self._settings.gallery_labels), "")
        all_products, all_assets, links = self._running.store.everything()
        filenames = {asset.id: asset.filename for asset in all_assets}
        linked: dict[str, dict[str, list[str]]] = {}
        for product_id, label, asset_id in links:
            linked.setdefault(product_id, {}).setdefault(label, []).append(asset_id)
        return Snapshot(
            {p.sku: _state(p.id, linked.get(p.id, {}), gallery_label, filenames) for p in all_products},
            tuple(AssetState(asset.id, asset.filename, asset.source_url) for asset in all_assets),
        )

    def product_id(self, sku: str) -> str:
        return self._product(sku).id

    def import_folder(self, folder: Path, mode: AssetMode = AssetMode.ADD_AND_UPDATE) -> Imported:
        """Import files as Plytix's own importers do."""
        return importer.import_folder(self._running, folder, mode)

    @property
    def alt_texts(self) -> Mapping[str, str]:
        """The alternative texts of assets, by file name."""
        return alt_texts(self._running.store)

    def add_asset(self, filename: str, url: str | None = None) -> str:
        """Put an asset into the account, as a person does; its id."""
        account = self._running
        asset = assets.new_asset(account, filename, url or f"https://by-hand.example/{filename}")
        account.store.add_asset(asset)
        return asset.id

    def set_gallery(self, sku: str, asset_ids: Sequence[str], label: str | None = None) -> None:
        """Set a gallery as a person does (the first gallery label, unless another is named)."""
        self._set_media(sku, label or self._settings.gallery_labels[0], asset_ids)

    def set_thumbnail(self, sku: str, asset_id: str | None) -> None:
        self._set_media(sku, THUMBNAIL, () if asset_id is None else (asset_id,))

    def delete_product(self, sku: str) -> None:
        self._running.store.delete_product(self.product_id(sku))

    def delete_asset(self, asset_id: str) -> None:
        """Also out of every gallery."""
        if not self._running.store.delete_asset(asset_id):
            raise KeyError(asset_id)

    def add_attribute(self, name: str, type_class: TypeClass) -> str:
        """Define a product attribute; its label."""
        store = self._running.store
        store.add_attribute(Attribute(store.new_id(), label_of(name), name, type_class))
        return label_of(name)

    def add_family(self, name: str, labels: Iterable[str] = ()) -> str:
        """Make a family that has these attributes and no others; its id."""
        store = self._running.store
        family_id = store.new_id()
        store.add_family(family_id, name)
        store.add_to_family(family_id, labels)
        return family_id

    def set_family(self, sku: str, family_id: str) -> None:
        """Put a product into a family."""
        self._running.store.set_family(self.product_id(sku), family_id)

    def add_to_family(self, family_id: str, label: str) -> None:
        self._running.store.add_to_family(family_id, [label])

    def declare_content(self, url: str, content: str) -> None:
        """Say what is behind a source URL: two URLs with the same content show the same picture."""
        self._running.declared[url] = content

    def expire_tokens(self) -> None:
        """Every token so far answers 401 from now on."""
        TokenStore(self._running.store).delete_all()

    @property
    def _running(self) -> Account:
        if self._account is None:
            raise SandboxError("The sandbox is not running.", "Start it first.")
        return self._account

    @property
    def _running_server(self) -> Server:
        if self._server is None:
            raise SandboxError("The sandbox is not running.", "Start it first.")
        return self._server

    def _product(self, sku: str) -> Product:
        product = self._running.store.product_by_sku(sku)
        if product is None:
            raise KeyError(sku)
        return product

    def _set_media(self, sku: str, label: str, asset_ids: Sequence[str]) -> None:
        account = self._running
        with account.store.transaction():
            product = self._product(sku)
            if label != THUMBNAIL and not account.store.attributes()[label].is_media:
                raise KeyError(label)
            known = {asset.id for asset in account.store.assets(asset_ids)}
            for asset_id in asset_ids:
                if asset_id not in known:
                    raise KeyError(asset_id)
            media.check_total(account.store.media(product.id) | {label: tuple(asset_ids)})
            account.past.before_change([product.id])
            account.store.set_media(product.id, label, asset_ids)
            account.store.update_product(replace(product, modified=account.now()))


def _state(
    id_: str, linked: Mapping[str, Sequence[str]], gallery_label: str, filenames: Mapping[str, str]
) -> ProductState:
    gallery_ids = tuple(linked.get(gallery_label, ()))
    thumbnail_id = next(iter(linked.get(THUMBNAIL, ())), None)
    return ProductState(
        id=id_,
        thumbnail=None if thumbnail_id is None else filenames[thumbnail_id],
        thumbnail_id=thumbnail_id,
        gallery=tuple(filenames[asset_id] for asset_id in gallery_ids),
        gallery_ids=gallery_ids,
        linked_ids=frozenset(asset_id for ids in linked.values() for asset_id in ids),
    )
