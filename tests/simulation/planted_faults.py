"""`python3 tests/simulation/planted_faults.py`: how many seeds it takes to find each of these faults.

Each is planted by itself into a copy of the program, and the copy lives through seed after seed until one
breaks a promise. With words behind it, only the faults whose name holds them all.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_MOST_SEEDS = 20_000
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Fault:
    """In this file of the program, `right` stands once; with `wrong` in its place, a promise is broken.

    `words` are what the simulation is called with besides.
    """

    name: str
    file: str
    right: str
    wrong: str
    words: tuple[str, ...] = ()


_SCRIPTS, _ENGINE, _LEDGER = "executor/scripts", "executor/engine", "ledger"
FAULTS = (
    Fault(
        "any reading is fresh enough for a write",
        f"{_ENGINE}/freshness.py",
        "return age_s(self.sent, now) <= self.usable_s",
        "return True",
    ),
    Fault(
        "a gallery that another ledger has filled, too, is written as a whole",
        f"{_SCRIPTS}/product.py",
        "may_replace=self.is_ours and not (only_append or self.only_append)",
        "may_replace=not (only_append or self.only_append)",
        ("two",),
    ),
    Fault(
        "a reading's age by the monotonic clock alone, which stands still in a suspend",
        "executor/clocks.py",
        "return max(now.monotonic - then.monotonic, now.wall - then.wall, now.boot - then.boot)",
        "return now.monotonic - then.monotonic",
    ),
    Fault(
        "the freshness of a reading not asked again on the open connection",
        "executor/scheduler/scheduler.py",
        "outgoing.call = replace(send.call, may_leave=partial(self._is_usable, send.rests_on))",
        "pass",
    ),
    Fault("the wait of a 429 ignored", f"{_ENGINE}/answers.py", "slots.pause(wait_s)", "pass"),
    Fault(
        "the wait of a 429 forgotten by the next run",
        f"{_ENGINE}/slots.py",
        "self._pace.pause(self._clock() + self._log.pause_s())",
        "pass",
    ),
    Fault(
        "a 429 that tells no wait taken for one of a minute",
        "plytix/refusals.py",
        "max(usable, default=None)",
        "max(usable, default=60.0)",
    ),
    Fault(
        "a restart forgets the requests before it",
        f"{_LEDGER}/request_log.py",
        "FROM requests WHERE id > ? ORDER BY id",
        "FROM requests WHERE id > ? AND 0 ORDER BY id",
    ),
    Fault(
        "of two ages of a request the older believed after a restart",
        f"{_LEDGER}/request_log.py",
        "min(by_wall, by_monotonic)",
        "max(by_wall, by_monotonic)",
    ),
    Fault(
        "`<=` for `<` in the room of a window",
        "limits/pace.py",
        "if held < window.allowed:",
        "if held <= window.allowed:",
    ),
    Fault(
        "tries of more than was shown exceed what is configured",
        "limits/pace.py",
        "        if held < most:\n            return window.more_at()\n",
        "        return window.more_at()\n",
    ),
    Fault(
        "what is no longer wanted in front, not behind",
        f"{_SCRIPTS}/decide.py",
        "(*(asset_id for asset_id in wanted if asset_id in fitting), *kept)",
        "(*(one for one in kept if one not in wanted), *(one for one in wanted if one in fitting))",
    ),
    Fault(
        "a person's gallery written as a whole", f"{_SCRIPTS}/decide.py", "if not may_replace:", "if False:"
    ),
    Fault(
        "rows in flight not taken up by the next run",
        f"{_LEDGER}/work_reader.py",
        'WHERE product_id = products.id AND {IS_OPEN})"\n            f" OR EXISTS',
        "WHERE product_id = products.id AND state = 'pending')\"\n            f\" OR EXISTS",
    ),
    Fault(
        "another thumbnail left standing",
        f"{_SCRIPTS}/decide.py",
        "thumbnail if thumbnail != seen_thumbnail else None",
        "thumbnail if seen_thumbnail is None else None",
    ),
    Fault(
        "a picture that is gone not brought again",
        f"{_SCRIPTS}/product_reader.py",
        "if error.status != 404 or self._lost.intersection(self._state.rows_of(asset_id)):",
        "if True:",
    ),
    Fault(
        "a picture that is gone wanted again on one product alone",
        f"{_LEDGER}/asset_transitions.py",
        "state = CASE state WHEN 'done' THEN 'pending' ELSE state END",
        "state = state",
    ),
    Fault(
        "an uploaded picture's id not kept",
        f"{_LEDGER}/asset_transitions.py",
        "UPDATE assets SET state = 'done', plytix_id = ?",
        "UPDATE assets SET state = 'pending', plytix_id = ?",
    ),
    Fault(
        "a gallery that a search did not tell taken for empty",
        f"{_SCRIPTS}/traits.py",
        "return () if is_omitted and self._omission_is_empty else product.told_gallery",
        "return product.told_gallery or ()",
    ),
    Fault(
        "a probe's record of what searches tell believed without proof",
        f"{_SCRIPTS}/traits.py",
        "self._tells_galleries and self._has_told:",
        "self._tells_galleries:",
        ("probed",),
    ),
    Fault(
        "an answer that does not show the write believed",
        f"{_SCRIPTS}/traits.py",
        "is_shown = shown is not None and _is_within(written, shown)",
        "is_shown = True",
    ),
    Fault(
        "places believed in the order of links where answers tell nothing",
        f"{_SCRIPTS}/sync.py",
        "            answer = yield from self._read_back()\n        state.gallery",
        "            state.gallery = (*before, *state.missing)\n"
        "            return answer\n"
        "        yield from ()\n"
        "        state.gallery",
    ),
    Fault(
        "a link that was there already taken for our own",
        f"{_SCRIPTS}/record.py",
        "        if state.may_have_linked(asset_id):",
        "        if True:",
    ),
    Fault(
        "a link of a write that did not leave taken for our own",
        f"{_LEDGER}/link_origins.py",
        "UPDATE links SET sent = NULL WHERE product_id = ? AND asset_id = ?",
        "UPDATE links SET sent = sent WHERE product_id = ? AND asset_id = ?",
    ),
    Fault(
        "a wrong order left after readings that came too late",
        f"{_SCRIPTS}/sync.py",
        "for wait_s in _ORDER_WAITS_S:",
        "for wait_s in ():",
    ),
    Fault(
        "an order that could not be written not told",
        f"{_SCRIPTS}/record.py",
        "misplaced = state.misplaced",
        "misplaced: list[int] = []",
    ),
    Fault(
        "a product made anew taken for the deleted one",
        f"{_LEDGER}/product_transitions.py",
        """            " WHERE product_id IN (SELECT id FROM products WHERE id = ? AND plytix_id <> ?)",
            plytix_ids.items(),
        )
        self._store.execute_many(
            "UPDATE thumbnails""",
        """            " WHERE product_id IN (SELECT id FROM products WHERE id = ? AND plytix_id <> ? AND 0)",
            plytix_ids.items(),
        )
        self._store.execute_many(
            "UPDATE thumbnails""",
    ),
    Fault(
        "more products begun at once than are to be held",
        "executor/scheduler/scheduler.py",
        "return len(self._processes.running) >= MOST_AT_ONCE",
        "return False",
    ),
    Fault(
        "a full disk not told as one",
        f"{_LEDGER}/sqlite_errors.py",
        'if code.startswith("SQLITE_FULL"):',
        "if not code:",
    ),
    Fault(
        "a second program on one ledger not kept out",
        f"{_LEDGER}/lock.py",
        "self._held = taken.pop_all()",
        "pass",
        ("typed",),
    ),
    Fault(
        "exit code 0 though Plytix lacks products",
        "cli/ending.py",
        "ledger.queries.failure_count() or any(True for _ in ledger.unfinished.not_found())",
        "ledger.queries.failure_count()",
        ("typed",),
    ),
    Fault(
        "the claim of a product left out",
        f"{_SCRIPTS}/record.py",
        "self.work.claim_product(product_id, rows, thumbnail=thumbnail is not None)",
        "pass",
    ),
    Fault(
        "the places of an unanswered write forgotten",
        f"{_SCRIPTS}/decide.py",
        "possible = [own, {**own, **sent}]",
        "possible, sent = [own], {}",
    ),
)


def plant(fault: Fault, folder: Path) -> None:
    """Copy the program and its tests there, with the fault in it."""
    for part in ("amzsync", "migrations", "tests/simulation"):
        shutil.copytree(_ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / "amzsync" / fault.file
    text = file.read_text(encoding="utf-8")
    if text.count(fault.right) != 1:
        raise SystemExit(f"{fault.file} has changed: {fault.name!r} cannot be planted.")
    file.write_text(text.replace(fault.right, fault.wrong), encoding="utf-8")


def seeds_until_found(fault: Fault, most: int = _MOST_SEEDS) -> tuple[int | None, str]:
    """How many seeds it took, None where so many were not enough, and which promise was broken.

    A seed that breaks a promise without the fault, too, has not found it.
    """
    with tempfile.TemporaryDirectory() as folder:
        plant(fault, Path(folder))
        seed = 0
        while seed < most:
            said = _live(Path(folder), str(seed), str(most - seed), "first", *fault.words)
            found = next((line for line in said if line.startswith("seed ")), None)
            if found is None:
                return None, said[-1] if said else "it did not run"
            number, _, promise = found.removeprefix("seed ").partition(": ")
            seed = int(number) + 1
            if "every promise was kept" in _live(_ROOT, number, *fault.words)[-1]:
                return seed, promise[:120]
    return None, ""


def _live(folder: Path, *words: str) -> list[str]:
    lived = subprocess.run(
        [sys.executable, "tests/simulation", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return lived.stdout.splitlines()


def main() -> int:
    words = sys.argv[1:]
    missed = 0
    for fault in FAULTS:
        if all(word in fault.name for word in words):
            seeds, said = seeds_until_found(fault)
            missed += seeds is None
            told = "not found" if seeds is None else f"{seeds:,}"
            print(f"| {fault.name} | {told} |", said, file=sys.stdout, flush=True)
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
