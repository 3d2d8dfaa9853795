"""`python3 tests/simulation SEED`: one seed again, with a log of every event.

With a number behind it, so many seeds from there on, with `first` up to the first that breaks a promise; with
`shrink`, the seed's shortest broken form. With `back`, prune and undo are typed, too; with `probed`,
ledgers have the record of a probe, true or not; with `two`, another ledger's program works beside it; with
`typed`, real commands are typed; with `ignore`, `append` or `replace`, every account does that with a write
of a whole gallery.
"""

import sys
from functools import partial
from pathlib import Path

# Run as a folder, Python would look for the parts inside it.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from simulation.simulation import Kind, Verdict, run  # noqa: E402 - found in the folder above this one

_run = partial(run, kind=Kind.of_words(sys.argv))
_MOST_PRODUCTS = (1, 2, 3, 4, 6, 8, 12)
_MOST_MISFORTUNES = (0, 1, 2, 3, 5, 8)


def shrink(seed: int) -> Verdict:
    """The seed with as few products and misfortunes as still break a promise."""
    for products in _MOST_PRODUCTS:
        for misfortunes in _MOST_MISFORTUNES:
            verdict = _run(seed, products=products, misfortunes=misfortunes, log=True)
            if verdict.broken:
                print(f"with at most {products} products and {misfortunes} misfortunes:")
                return verdict
    return _run(seed, log=True)


def main() -> int:
    numbers = [int(one) for one in sys.argv[1:] if one.isdigit()]
    first, many = numbers[0], numbers[1] if len(numbers) > 1 else 1
    broken = 0
    for seed in range(first, first + many):
        verdict = shrink(seed) if "shrink" in sys.argv else _run(seed, log=many == 1)
        if many == 1:
            print("\n".join(verdict.story))
        if verdict.broken or many == 1:
            said = verdict.broken or "every promise was kept"
            print(f"seed {seed}: {said}", verdict.figures, flush=True)
        broken += bool(verdict.broken)
        if verdict.broken and "first" in sys.argv:
            break
    if many > 1:
        print(f"{broken} of {many} seeds broke a promise")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
