"""Delete an asset that this ledger uploaded, where Plytix says that nobody uses it."""

from amzsync.errors import NotSentError, PlytixError, RejectedError, StopError
from amzsync.executor.scheduler.script import Find, Script, Send, Turn
from amzsync.executor.scheduler.stop_errors import reading_failed
from amzsync.executor.scripts.context import RemovalContext
from amzsync.executor.scripts.record import Done
from amzsync.ledger.rows import Kept, UnusedAsset
from amzsync.plytix.client import delete_asset, read_asset

__all__ = ["delete_unused_asset"]

_NOT_TOLD = "Plytix does not say whether anybody uses it"


def delete_unused_asset(asset: UnusedAsset, context: RemovalContext) -> Script[Kept | None]:
    """Deleting cannot be undone, so Plytix is asked just before. What was left for a reason of note."""
    record = context.record
    while True:
        found = yield Find(context.assets_in_use, (asset.plytix_id,), fresh=True)
        seen = found.values.get(asset.plytix_id)
        if seen is None:
            break
        uses = seen.uses if seen.uses is not None else (yield from _read_uses(asset.plytix_id))
        if uses != 0:
            return None if uses else Kept("", _NOT_TOLD, asset.url)
        yield Turn()
        try:
            yield Send(delete_asset(asset.plytix_id), rests_on=found.reading)
        except NotSentError:
            continue
        except StopError:
            raise
        except PlytixError as error:
            return Kept("", error.message, asset.url)
        record.counts[Done.ASSET_DELETED] += 1
        break
    record.work.note_deleted(asset.id)
    return None


def _read_uses(plytix_id: str) -> Script[int | None]:
    """Asked for the asset alone, where a search does not tell."""
    try:
        sent = yield Send(read_asset(plytix_id))
    except RejectedError:
        return None
    except PlytixError as error:
        raise reading_failed(error) from None
    uses: int | None = sent.value.uses
    return uses
