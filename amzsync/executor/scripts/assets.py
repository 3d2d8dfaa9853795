"""The life of one picture: known to Plytix already, or uploaded once."""

from functools import partial
from urllib.parse import unquote, urlsplit

from amzsync.domain.filename import picture_in
from amzsync.errors import PlytixError, RejectedError, StopError
from amzsync.executor.scheduler.script import Find, Script, Send
from amzsync.executor.scripts.context import ScriptContext
from amzsync.executor.scripts.record import refusal_of
from amzsync.ledger.rows import Asset, Origin, State
from amzsync.ledger.work_rows import Refusal
from amzsync.plytix.client import upload_asset
from amzsync.plytix.wire import AssetExistsWithoutId, PlytixAsset

__all__ = ["ensure_asset", "find_asset"]


def ensure_asset(asset: Asset, product_id: int, context: ScriptContext) -> Script[str | None]:
    """The Plytix id of a wanted picture, uploaded where it is not there; None where that fails."""
    record = context.record
    try:
        if not asset.is_absent:
            plytix_id = yield from find_asset(asset, context)
            if plytix_id:
                return plytix_id
        sent = yield Send(
            upload_asset(asset.url, asset.filename), claim=partial(record.work.claim_assets, [asset.id])
        )
        if isinstance(sent.value, AssetExistsWithoutId):
            record.work.release_asset(asset.id)
            return (yield from _find_unnamed(asset, product_id, context, sent.attempts))
        # A conflict after a failed attempt is that attempt's own work, come to light.
        is_ours = not sent.value.existed or sent.attempts > 1 or asset.state is State.IN_FLIGHT
        origin = Origin.UPLOADED if is_ours else Origin.FOUND
        return record.finish_asset(asset, sent.value.id, sent.value.filename, origin)
    except StopError:
        record.work.release_asset(asset.id)
        raise
    except PlytixError as error:
        record.fail_asset(asset, product_id, refusal_of(error))
        return None


def find_asset(asset: Asset, context: ScriptContext) -> Script[str | None]:
    """The Plytix id of a picture that is there under its name, without uploading anything."""
    record = context.record
    found = yield Find(context.assets_by_name, (asset.filename,))
    plytix_id = found.values.get(asset.filename)
    if plytix_id is None:
        record.work.note_absent([asset.id])
        return None
    return record.finish_asset(asset, plytix_id, asset.filename, _found_as(asset))


def _find_unnamed(asset: Asset, product_id: int, context: ScriptContext, attempts: int) -> Script[str | None]:
    """Plytix says that it has it, without saying as which asset: under our name, or under its own."""
    record = context.record
    own = unquote(urlsplit(asset.url).path.rpartition("/")[2])
    candidates = tuple(dict.fromkeys(name for name in (asset.filename, own) if name))
    found = yield Find(context.assets_by_name, candidates)
    lag_s = context.traits.search_lag_s
    if lag_s and not found.values:
        found = yield Find(context.assets_by_name, candidates, after_s=lag_s)
    name = next((name for name in candidates if name in found.values), None)
    if name is not None:
        return record.finish_asset(asset, found.values[name], name, _found_as(asset))
    other = yield from _find_for_another_use(asset, context)
    if other is not None:
        return record.finish_asset(asset, other.id, other.filename, _found_as(asset))
    refusal = Refusal(409, "Plytix says that the asset exists, but not which one it is", attempts)
    record.fail_asset(asset, product_id, refusal)
    return None


def _find_for_another_use(asset: Asset, context: ScriptContext) -> Script[PlytixAsset | None]:
    """The picture as this program has named it for another use, which the ledger does not know any more."""
    picture = picture_in(asset.filename)
    if picture is None:
        return None
    try:
        found = yield Find(context.assets_by_name.by_picture, (picture,))
    except RejectedError:
        # No source tells how `like` compares, nor that every account takes it.
        return None
    other: PlytixAsset | None = found.values.get(picture)
    return other


def _found_as(asset: Asset) -> Origin:
    # In flight means that an earlier run asked for it and did not live to see the answer.
    return Origin.UPLOADED if asset.state is State.IN_FLIGHT else Origin.FOUND
