"""Remove what probes have made: of this run, and of those that were killed. Nothing else is ever deleted.

An object goes only where the ledger has it as a probe's, and Plytix, asked just before, still knows it under
the name that this probe alone gives. An asset that anybody uses by now stays.
"""

from amzsync.errors import PlytixError, RejectedError, StopError
from amzsync.executor.scheduler.script import Find, Script, Send
from amzsync.executor.scripts.probe_context import ASSET_PREFIX, SKU_PREFIX, Left, ProbeContext, ProbeNames
from amzsync.ledger.probes import ObjectKind, ObjectState, ProbeObject
from amzsync.plytix import trials
from amzsync.plytix.trials import AssetTrial, NamedPage, ProductTrial

__all__ = ["clean_up", "find_left"]

_NOT_FOUND = 404
_MARGIN = 1.5
_MOST_CHARS = 200
_USE_WAITS_S = (0.3, 0.7, 1.0, 2.0)

_IN_USE = "it is used by now, so it stays"
_NOT_FOUND_YET = "it was asked for, and no search shows it yet; the next probe looks again"
_RENAMED = "it has another name by now, so it stays"
_USE_NOT_TOLD = "Plytix does not say whether anybody uses it, so it stays"
_OTHERS = (
    "no probe of this ledger made it; delete it in Plytix, unless it is yours or another probe still runs"
)


def find_left(context: ProbeContext) -> Script[None]:
    """Look for all that has a name as probes give: of this ledger's, what is not recorded yet is."""
    products, assets = trials.find_products_beginning, trials.find_assets_beginning
    for kind, prefix, call in (
        (ObjectKind.PRODUCT, SKU_PREFIX, products(SKU_PREFIX, context.gallery_label, 1)),
        (ObjectKind.ASSET, ASSET_PREFIX, assets(ASSET_PREFIX, 1)),
    ):
        try:
            page: NamedPage = (yield Send(call)).value
        except RejectedError:
            # Without such a search, what is recorded is looked for by its exact name.
            continue
        for plytix_id, name in page.found:
            # A search may ignore case, or find the prefix anywhere: only what begins with it exactly counts.
            if name.startswith(prefix):
                _note_found(kind, plytix_id, name, context)


def _note_found(kind: ObjectKind, plytix_id: str, name: str, context: ProbeContext) -> None:
    """Of this ledger's is only what a probe of it gives as a name: a copy that a person made is not."""
    prefix = SKU_PREFIX if kind is ObjectKind.PRODUCT else ASSET_PREFIX
    token = name.removeprefix(prefix).lower().partition("-")[0]
    names, owner = ProbeNames(token), context.probes.owner(token)
    is_own = name == names.sku if kind is ObjectKind.PRODUCT else names.is_asset(name)
    if owner is not None and is_own:
        context.probes.found(owner, kind, name, plytix_id)
    else:
        context.left.append(Left(name[:_MOST_CHARS], _OTHERS, is_others=True))


def clean_up(context: ProbeContext, *, waits: bool) -> Script[None]:
    """Remove all that is recorded. `waits`: give a search time to show what it does not show yet."""
    for one in context.probes.left():
        try:
            reason = yield from _remove(one, context, waits=waits)
        except StopError:
            raise
        except PlytixError as error:
            reason = error.message
        if reason:
            context.left.append(Left(one.name, reason))


def _remove(one: ProbeObject, context: ProbeContext, *, waits: bool) -> Script[str]:
    """Why it stays; "" where it is gone."""
    lag_s = context.known_lag_s(one.kind)
    plytix_id = one.plytix_id
    if plytix_id is None:
        plytix_id = yield from _find(one, context, _waits(one, lag_s, context) if waits else ())
    if plytix_id is None:
        if one.is_recent and (lag_s is None or not waits):
            return _NOT_FOUND_YET
        # A search would show it by now: it was never made.
        context.probes.settle(one.kind, one.name, ObjectState.GONE)
        return ""
    if one.kind is ObjectKind.PRODUCT:
        return (yield from _remove_product(one.name, plytix_id, context))
    return (yield from _remove_asset(one, plytix_id, context, waits=waits))


def _waits(one: ProbeObject, lag_s: float | None, context: ProbeContext) -> tuple[float, ...]:
    """How often to look again: what is older than the lag of searches is shown at once, if it is there."""
    if lag_s is None:
        return context.waits_s
    return (_MARGIN * lag_s,) if one.probe_id == context.probe_id and lag_s else ()


def _find(one: ProbeObject, context: ProbeContext, waits_s: tuple[float, ...]) -> Script[str | None]:
    """The id of what was asked for without an answer."""
    for wait_s in (0.0, *waits_s):
        if one.kind is ObjectKind.PRODUCT:
            found = yield Find(context.products, (one.name,), after_s=wait_s)
            product = found.values.get(one.name)
            plytix_id: str | None = product.id if product else None
        else:
            found = yield Find(context.assets, (one.name,), after_s=wait_s)
            plytix_id = found.values.get(one.name)
        if plytix_id is not None:
            return plytix_id
    return None


def _remove_product(sku: str, product_id: str, context: ProbeContext) -> Script[str]:
    seen: ProductTrial = (yield Send(trials.read_product(product_id, context.gallery_label))).value
    if seen.product is not None and seen.product.sku != sku:
        context.probes.settle(ObjectKind.PRODUCT, sku, ObjectState.KEPT)
        return _RENAMED
    status = seen.status
    if seen.product is not None:
        status = (yield Send(trials.delete_product(product_id))).value.status
    return _settled(ObjectKind.PRODUCT, sku, status, context)


def _remove_asset(one: ProbeObject, asset_id: str, context: ProbeContext, *, waits: bool) -> Script[str]:
    seen = yield from _unused(one, asset_id, context, waits=waits)
    status, asset = seen.status, seen.asset
    if asset is not None:
        if asset.filename != one.name or context.probes.is_in_use(asset_id):
            context.probes.settle(ObjectKind.ASSET, one.name, ObjectState.KEPT)
            return _RENAMED if asset.filename != one.name else _IN_USE
        if asset.uses or (asset.uses is None and not one.is_recent):
            return _IN_USE if asset.uses else _USE_NOT_TOLD
        status = (yield Send(trials.delete_asset(asset_id))).value.status
    return _settled(ObjectKind.ASSET, one.name, status, context)


def _unused(one: ProbeObject, asset_id: str, context: ProbeContext, *, waits: bool) -> Script[AssetTrial]:
    """The asset: a server may take a moment to count that the product which held it is gone."""
    seen: AssetTrial = (yield Send(trials.read_asset(asset_id))).value
    for wait_s in _USE_WAITS_S if waits else ():
        if seen.asset is None or not seen.asset.uses:
            break
        yield Find(context.assets, (one.name,), after_s=wait_s)
        seen = (yield Send(trials.read_asset(asset_id))).value
    return seen


def _settled(kind: ObjectKind, name: str, status: int, context: ProbeContext) -> str:
    """It is gone where the last request about it says so; else why it stays."""
    if status != _NOT_FOUND and not 200 <= status < 300:
        return f"Plytix answered {status} to its deletion"
    context.probes.settle(kind, name, ObjectState.GONE)
    return ""
