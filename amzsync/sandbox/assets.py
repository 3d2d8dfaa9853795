"""The asset resource (plytix-api, Assets): made from URLs, found by name, never converted."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from amzsync.sandbox.account import Account, invalid, json_object, not_found
from amzsync.sandbox.behaviour import DeleteUsed, Eq, Exists, OtherName, Unreachable
from amzsync.sandbox.messages import Json, Refusal, Reply, Request, data
from amzsync.sandbox.search import Condition, Kind, Row, pagination, parse, run
from amzsync.sandbox.state import Asset
from amzsync.sandbox.store import IndexedColumn, Store, Table

FIELDS: Mapping[str, Kind] = {
    "id": Kind.ID,
    "filename": Kind.NAME,
    "extension": Kind.CHOICE,
    "file_type": Kind.CHOICE,
    "created": Kind.TIME,
    "modified": Kind.TIME,
    "assigned": Kind.FLAG,
    "file_size": Kind.NUMBER,
}

COLUMNS = frozenset(
    {
        *FIELDS,
        "url",
        "thumbnail",
        "content_type",
        "status",
        "public",
        "n_products",
        "n_catalogs",
        "categories",
    }
)

_CONTENT_TYPES: Mapping[str, str] = {
    "": "image/jpeg",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".svg": "image/svg+xml",
    ".avif": "image/avif",
    ".heic": "image/heic",
}

_MAX_FILENAME_CHARACTERS = 255


def create(account: Account, _ids: tuple[str, ...], request: Request) -> Reply:
    """`POST /assets`: 201 with the new asset, 409 with the id of the one that is there."""
    body, how = json_object(request), account.behaviour.assets
    url = body.get("url")
    if not isinstance(url, str):
        raise invalid("url", "Missing data for required field." if url is None else "Not a valid string.")
    content_type = content_type_at(url, account.behaviour.assets.unreachable)
    filename = checked_filename(body["filename"]) if "filename" in body else _name_from(url)
    content = account.content_of(url)
    with account.store.transaction():
        for known in account.store.assets(account.store.asset_ids_from(url)):
            if known.filename == filename or how.other_name is OtherName.CONFLICT:
                raise already_there(known.id, how.exists)
        for known in account.store.assets_named(filename):
            if known.content == content:
                raise already_there(known.id, how.exists)
        asset = new_asset(account, _free_name(account.store, filename, content), url, content_type)
        account.store.add_asset(asset)
        account.past.made(assets=[asset.id])
    return data(full(asset, 0), status=201)


def new_asset(account: Account, filename: str, url: str, content_type: str = "image/jpeg") -> Asset:
    """The facts of an asset that is not stored yet."""
    now = account.now()
    content = account.content_of(url)
    return Asset(
        id=account.store.new_id(),
        filename=filename,
        source_url=url,
        content=content,
        content_type=content_type,
        file_size=20_000 + int(content[:6], 16) % 500_000,
        created=now,
        modified=now,
    )


def already_there(id_: str, form: Exists = Exists.ERRORS) -> Refusal:
    """The conflict, with the id in one of the forms that have been seen, or without."""
    fields = (("asset.id", id_),) if form is Exists.ERRORS else ()
    extra = {"existing_asset_id": id_} if form is Exists.EXISTING_ID else None
    return Refusal(409, "Asset already exists", fields, extra=extra)


def read(account: Account, ids: tuple[str, ...], _request: Request) -> Reply:
    asset = existing(account.store, ids[0])
    return data(*full_all(account.store, [asset]))


def update(account: Account, ids: tuple[str, ...], request: Request) -> Reply:
    """`PATCH /assets/{id}`: filename, categories, public; anything else is ignored."""
    body = json_object(request)
    with account.store.transaction():
        before = existing(account.store, ids[0])
        after = replace(
            before,
            filename=checked_filename(body["filename"]) if "filename" in body else before.filename,
            categories=_categories(body["categories"]) if "categories" in body else before.categories,
            public=_flag("public", body["public"]) if "public" in body else before.public,
        )
        for other in account.store.assets_named(after.filename):
            if other.id != after.id:
                raise already_there(other.id)
        if after != before:
            account.past.before_change(assets=[after.id])
            after = replace(after, modified=account.now())
            account.store.update_asset(after)
    return data(*full_all(account.store, [after]))


def delete(account: Account, ids: tuple[str, ...], _request: Request) -> Reply:
    store = account.store
    with store.transaction():
        holders = store.holders(ids[0])
        if holders and account.behaviour.assets.delete_used is DeleteUsed.REFUSED:
            raise Refusal(409, "The asset is in use", (("asset.id", "In use."),))
        account.past.before_change(holders, [ids[0]])
        if not store.remove_asset(ids[0]):
            raise not_found("Asset", ids[0])
    return Reply(204)


def search(account: Account, _ids: tuple[str, ...], request: Request) -> Reply:
    """`POST /assets/search`: without `attributes` only ids come back."""
    how = account.behaviour.searches
    asked = parse(request.json(), FIELDS, COLUMNS, is_exact=how.eq is Eq.EXACT)
    source = _AssetSource(account.store)
    with account.past.shown():
        hits = run(asked, source)
        rows = source.rows(hits.ids) if asked.columns else [{"id": id_} for id_ in hits.ids]
        counted = pagination(asked, hits, source, how.counts)
    wanted = ("id", *asked.columns)
    return Reply(
        200,
        {
            "data": [{name: row[name] for name in wanted} for row in rows],
            "pagination": counted,
        },
    )


def existing(store: Store, id_: str) -> Asset:
    for asset in store.assets([id_]):
        return asset
    raise not_found("Asset", id_)


def full_all(store: Store, assets: Sequence[Asset]) -> list[dict[str, Json]]:
    used = store.products_using([asset.id for asset in assets])
    return [full(asset, used.get(asset.id, 0)) for asset in assets]


def full(asset: Asset, n_products: int) -> dict[str, Json]:
    """An asset with every documented field."""
    return brief(asset) | {
        "extension": asset.extension,
        "content_type": asset.content_type,
        "file_size": asset.file_size,
        "status": "ACTIVE",
        "created": asset.created,
        "modified": asset.modified,
        "public": asset.public,
        "n_products": n_products,
        "n_catalogs": 0,
        "assigned": n_products > 0,
        "categories": list(asset.categories),
    }


def brief(asset: Asset) -> dict[str, Json]:
    """An asset as it stands in a product."""
    url = f"https://files.sandbox.invalid/{asset.id}/{quote(asset.filename)}"
    return {
        "id": asset.id,
        "filename": asset.filename,
        "url": url,
        "thumbnail": f"{url}?size=thumb",
        "file_type": "IMAGES",
    }


@dataclass(frozen=True, slots=True)
class _AssetSource:
    store: Store

    def count(self) -> int:
        return self.store.count(Table.ASSETS)

    def ids(self, *, offset: int = 0, limit: int = -1) -> list[str]:
        return self.store.ids(Table.ASSETS, offset=offset, limit=limit)

    def lookup(self, conditions: Sequence[Condition]) -> list[str] | None:
        return indexed(self.store, Table.ASSETS, conditions, {"filename": IndexedColumn.FILENAME_KEY})

    def rows(self, ids: Sequence[str]) -> list[Row]:
        return [*full_all(self.store, self.store.assets(ids))]


def indexed(
    store: Store, table: Table, conditions: Sequence[Condition], text_columns: Mapping[str, IndexedColumn]
) -> list[str] | None:
    """Look up `eq` and `in` on the id and on these columns; None where a condition is of another kind."""
    wanted: dict[IndexedColumn, set[str]] = {}
    for condition in conditions:
        if condition.operator not in ("eq", "in"):
            return None
        values = condition.value if condition.operator == "in" else [condition.value]
        if condition.field == "id":
            wanted.setdefault(IndexedColumn.ID, set()).update(values)
        elif condition.field in text_columns:
            wanted.setdefault(text_columns[condition.field], set()).update(v.casefold() for v in values)
        else:
            return None
    found = {pair for column, keys in wanted.items() for pair in store.lookup(table, column, sorted(keys))}
    return [id_ for _, id_ in sorted(found)]


def content_type_at(url: str, unreachable: Unreachable) -> str:
    """The content type of what the URL gives; a Refusal where it gives no image."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() for c in url):
        raise invalid("url", "Not a valid URL.")
    content_type = _CONTENT_TYPES.get(PurePosixPath(unquote(parts.path)).suffix.lower())
    if host.endswith(".invalid") or content_type is None:
        if unreachable is Unreachable.ACCEPTED:
            return "application/octet-stream"
        cause = "The file cannot be downloaded"
        raise Refusal(int(unreachable), cause, (("url", f"{cause}."),))
    return content_type


def _name_from(url: str) -> str:
    parts = urlsplit(url)
    return PurePosixPath(unquote(parts.path)).name[:_MAX_FILENAME_CHARACTERS] or parts.netloc


def checked_filename(value: Json) -> str:
    if not isinstance(value, str):
        raise invalid("filename", "Not a valid string.")
    if not value.strip() or len(value) > _MAX_FILENAME_CHARACTERS or "/" in value:
        raise invalid("filename", "Not a valid filename.")
    return value


def _categories(value: Json) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise invalid("categories", "Must be a list of category ids.")
    return tuple(value)


def _flag(name: str, value: Json) -> bool:
    if not isinstance(value, bool):
        raise invalid(name, "Not a valid boolean.")
    return value


def _free_name(store: Store, filename: str, content: str) -> str:
    """The name itself, or as `name_<5 hex>.ext` where another picture has it."""
    name, attempt = filename, 0
    stem, dot, extension = filename.rpartition(".")
    while store.assets_named(name):
        tail = hashlib.sha256(f"{content}{attempt}".encode()).hexdigest()[:5]
        name = f"{stem}_{tail}.{extension}" if dot else f"{filename}_{tail}"
        attempt += 1
    return name
