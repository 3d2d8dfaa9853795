"""`python tests/mutation [MODULE…]`: small changes to the program that its tests do not notice.

Each module is tried against the tests of its own package. It exits 1 where a mutant survives that
`equivalents.toml` does not explain.
"""

import argparse
import os
import random
import sys
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Run as a folder, Python would look for the parts inside it.
sys.path[0] = str(ROOT / "tests")

import pytest  # noqa: E402
from mutation.mutants import Mutant, Source  # noqa: E402 - found in the folder above this one
from mutation.running import MutationPlugin, Outcome, Verdict  # noqa: E402

_MODULES = (
    "executor/scripts/decide.py",
    "executor/scripts/product.py",
    "executor/scripts/sync.py",
    "executor/scripts/record.py",
    "executor/scripts/assets.py",
    "executor/scripts/recheck.py",
    "executor/scripts/recheck_scripts.py",
    "executor/scripts/refresh.py",
    "executor/scripts/bulk.py",
    "executor/scheduler/queues.py",
    "domain/gallery.py",
    "planner",
    "limits",
    "plytix/refusals.py",
    "ledger/link_origins.py",
    "ledger/product_transitions.py",
    "ledger/asset_transitions.py",
    "ledger/merge.py",
)

_OPTIONS = ("-o", "addopts=--import-mode=importlib", "-m", "not soak and not benchmark", "-p", "no:terminal")


class Report:
    """Says each survivor as it is found, and at the end how many there were."""

    def __init__(self, *, is_verbose: bool) -> None:
        self._is_verbose = is_verbose
        listed = tomllib.loads(Path(__file__).with_name("equivalents.toml").read_text(encoding="utf-8"))
        self._equivalents = {
            (one["module"], one["function"], one["change"]): one["why"] for one in listed["equivalents"]
        }
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.survivors: list[Mutant] = []

    def told(self, verdict: Verdict) -> None:
        mutant, outcome = verdict.mutant, verdict.outcome
        self._verbose(verdict)
        died = outcome in {Outcome.KILLED, Outcome.ENDLESS}
        if mutant.key in self._equivalents:
            self._counts[mutant.module]["wrongly listed" if died else "equivalent"] += 1
            if died:
                print(f"{mutant.module}:{mutant.line}: listed as equivalent, but noticed by {verdict.test}")
        elif died:
            self._counts[mutant.module]["killed"] += 1
        else:
            self._counts[mutant.module]["survived"] += 1
            self.survivors.append(mutant)
            print(
                f"{mutant.module}:{mutant.line} {mutant.function}\n    {mutant.change}\n    {outcome.value}"
            )
        sys.stdout.flush()

    def _verbose(self, verdict: Verdict) -> None:
        if self._is_verbose:
            mutant = verdict.mutant
            print(f"{mutant.module}:{mutant.line} {mutant.change}: {verdict.outcome.value} {verdict.test}")

    @staticmethod
    def _line(mutant: Mutant) -> str:
        text = (ROOT / mutant.module).read_text(encoding="utf-8")
        return text.splitlines()[mutant.line - 1].strip()

    def summary(self) -> None:
        total: Counter[str] = Counter()
        print(f"\n{'':44} mutants  killed  survived  equivalent")
        for module, counts in [*self._counts.items(), ("all", total)]:
            row = [counts.total(), counts["killed"], counts["survived"], counts["equivalent"]]
            print(f"{module:44} {row[0]:7} {row[1]:7} {row[2]:9} {row[3]:11}")
            total.update(counts)
        counted = total["killed"] + total["survived"]
        if counted:
            print(f"{100 * total['killed'] / counted:.1f} % of those that are not equivalent were noticed")


def main() -> int:
    arguments = _arguments()
    report = Report(is_verbose=arguments.verbose)
    for folder, sources in _by_tests(arguments.modules or _MODULES).items():

        def choose(source: Source) -> list[Mutant]:
            lines = arguments.line
            mutants = [one for one in source.mutants if not lines or one.line in lines]
            chance = random.Random(f"{arguments.seed} {source.module}")
            return (
                mutants
                if arguments.sample is None
                else chance.sample(mutants, min(arguments.sample, len(mutants)))
            )

        tests = arguments.tests or [folder]
        plugin = MutationPlugin(sources, choose, report.told, arguments.slowest)
        if pytest.main([*_OPTIONS, *tests], plugins=[plugin]) is not pytest.ExitCode.OK:
            sys.exit(f"pytest cannot collect {' '.join(tests)}: run it by itself")
    report.summary()
    return bool(report.survivors)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="file or folder inside amzsync/")
    parser.add_argument("--sample", type=int, metavar="N", help="so many mutants of each module, by chance")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    parser.add_argument("--line", type=int, action="append", help="only mutants on this line (repeatable)")
    parser.add_argument("--tests", action="append", metavar="PATH", help="these tests, not the package's")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell of each mutant what noticed it")
    parser.add_argument(
        "--slowest", type=float, default=5.0, metavar="SECONDS", help="leave out slower tests (5)"
    )
    return parser.parse_args()


def _by_tests(modules: list[str] | tuple[str, ...]) -> dict[str, list[Source]]:
    """The modules by the folder of tests that is theirs."""
    found: defaultdict[str, list[Source]] = defaultdict(list)
    for name in modules:
        path = ROOT / "amzsync" / name.removeprefix("amzsync/")
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            module = file.relative_to(ROOT)
            package = next(
                one for one in module.parents if (ROOT / "tests" / one.relative_to("amzsync")).is_dir()
            )
            found[f"tests/{package.relative_to('amzsync')}"].append(Source(ROOT, str(module)))
    return found


if __name__ == "__main__":
    os.chdir(ROOT)
    # Hypothesis takes this for a machine that tests: it tries the same each time, and remembers nothing.
    os.environ["CI"] = "true"
    sys.exit(main())
