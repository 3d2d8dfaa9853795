"""One probe of an account: what it found, and what it could not take away again."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from amzsync.domain.beliefs import Question
from amzsync.executor.context import RunContext, RunResult
from amzsync.executor.engine.engine import End
from amzsync.executor.running import Running, running
from amzsync.executor.scripts.bulk import ProductsBySku
from amzsync.executor.scripts.probe import probe_account
from amzsync.executor.scripts.probe_cleanup import clean_up, find_left
from amzsync.executor.scripts.probe_context import Left, ProbeContext, ProbeNames, new_token
from amzsync.executor.scripts.record import Record
from amzsync.executor.stop import StopRequest
from amzsync.ledger.queries import Outstanding

__all__ = ["Left", "ProbeResult", "probe"]


_OUTAGE_S = 15.0
_NOT_REACHED = "the probe ended before it was removed; the next one removes it"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """`answers` are kept in the ledger where the probe `is_complete`; `left` is what stays in Plytix."""

    run: RunResult
    answers: Mapping[Question, str | float] = field(default_factory=dict)
    is_complete: bool = False
    left: tuple[Left, ...] = ()


def probe(context: RunContext, addresses: Sequence[str]) -> ProbeResult:
    """Try how the account answers, on a product and pictures of the probe's own, and take them away again.

    `addresses` are those of two or three pictures. What an earlier probe has left is taken away first; what
    this one has made goes in any case, also after an error or an interrupt.
    """
    probes, token = context.ledger.probes, new_token(context.clocks.random)
    shared = ProbeContext(
        gallery_label=context.gallery_label,
        probes=probes,
        probe_id=probes.start(context.gallery_label, token),
        names=ProbeNames(token),
        products=ProductsBySku(context.gallery_label),
    )
    with _running(context) as run:
        run.check_gallery()
        run.work(iter([find_left(shared)]))
        run.work(iter([clean_up(shared, waits=False)]))
        run.work(iter([probe_account(addresses, shared)]))
    result = run.result()
    if shared.failure is not None and result.error is None:
        result = replace(result, error=shared.failure)
    is_complete = result.end is End.DONE and result.error is None
    tidied = _tidy(context, shared)
    if is_complete:
        probes.keep(shared.probe_id, shared.answers)
    told = {one.name for one in shared.left}
    shared.left += [Left(one.name, _NOT_REACHED) for one in probes.left() if one.name not in told]
    return ProbeResult(
        replace(result.after(tidied), error=result.error or tidied.error),
        dict(shared.answers),
        is_complete,
        tuple(dict.fromkeys(shared.left)),
    )


def _tidy(context: RunContext, shared: ProbeContext) -> RunResult:
    """Take away what is left, whatever has ended the probe: only a second interrupt keeps it from that."""
    if not shared.probes.left():
        return RunResult()
    shared.left = [one for one in shared.left if one.is_others]
    # Where Plytix has been away for as long already, it is not waited for once more.
    bounds = replace(context.bounds, outage_s=min(context.bounds.outage_s, _OUTAGE_S))
    with _running(replace(context, stop=StopRequest(), bounds=bounds)) as run:
        run.work(iter([clean_up(shared, waits=True)]))
    return run.result()


def _running(context: RunContext) -> AbstractContextManager[Running]:
    return running(context, Record(context.ledger.work()), Outstanding(0, 0))
