"""A line in the log for each attempt: what it was for, what came back, and how long that took."""

import logging
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from amzsync.errors import PlytixError
from amzsync.executor.engine.outgoing import Outgoing
from amzsync.executor.engine.workers import Answered
from amzsync.plytix.wire import (
    AssetExistsWithoutId,
    AssetPage,
    CreatedAsset,
    LinkResult,
    PlytixAsset,
    ProductPage,
    Request,
)

__all__ = ["AttemptLog"]

_LOG = logging.getLogger("amzsync")
_NAMES_SHOWN = 3


class AttemptLog:
    """Remembers which SKU or filename an id of Plytix stands for, as answers tell it."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def write(self, outgoing: Outgoing, answered: Answered) -> None:
        """Log one attempt. Nothing else of what was sent or answered is told: it may contain secrets."""
        if not _LOG.isEnabledFor(logging.DEBUG):
            return
        request, outcome = outgoing.call.request, answered.outcome
        self._learn(request, outcome)
        about = self._about(request)
        _LOG.debug(
            "%s %s %s%s: %s, attempt %d, %.3f s",
            request.kind,
            request.method,
            request.path or "token",
            f" for {about}" if about else "",
            _result(outcome),
            outgoing.attempts.failures + 1,
            answered.answered_at - answered.sent_at,
        )

    def _learn(self, request: Request, outcome: object) -> None:
        if isinstance(outcome, ProductPage):
            self._names.update((product.id, product.sku) for product in outcome.products)
        elif isinstance(outcome, AssetPage):
            self._names.update((asset.id, asset.filename) for asset in outcome.assets)
        elif isinstance(outcome, CreatedAsset | PlytixAsset):
            self._names[outcome.id] = outcome.filename or str((request.body or {}).get("filename", ""))

    def _about(self, request: Request) -> str:
        """The SKUs or filenames that a request is about, as far as they are known."""
        body = request.body or {}
        groups = body.get("filters")
        if isinstance(groups, list):
            return _listed([name for group in groups for one in group for name in _values(one)])
        if "filename" in body:
            return str(body["filename"])
        ids = [unquote(part) for part in request.path.partition("?")[0].split("/")[2::2]]
        ids += [str(body["id"])] if "id" in body else []
        return " with ".join(name for name in map(self._names.get, ids) if name)


def _values(filter_: object) -> Iterable[str]:
    value = filter_.get("value") if isinstance(filter_, dict) else None
    return map(str, value) if isinstance(value, list) else [str(value)]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _result(outcome: object) -> str:
    match outcome:
        case PlytixError():
            status = "" if outcome.status and str(outcome.status) in outcome.message else outcome.status
            return " ".join(filter(None, (str(status or ""), outcome.message.rstrip("."))))
        case ProductPage():
            return f"{len(outcome.products)} found"
        case AssetPage():
            return f"{len(outcome.assets)} found"
        case CreatedAsset():
            return f"{'was there already' if outcome.existed else 'created'} as {outcome.id}"
        case AssetExistsWithoutId():
            return "was there already, its id is not told"
        case LinkResult():
            return outcome.value.replace("_", " ")
        case _:
            return "ok"
