"""Every package does one job, and imports point one way."""

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# For each package, what of ours it may import besides itself. A longer name narrows: only that module.
MAY_IMPORT = {
    "errors": [],
    "files": [],
    "folders": [],
    "domain": ["errors"],
    "mapping": ["domain", "errors", "files"],
    "planner": ["domain", "errors"],
    "limits": ["errors"],
    "migrations": [],
    "ledger": ["domain", "errors", "files", "planner", "migrations"],
    "plytix": ["domain", "errors", "limits"],
    "config_file": ["errors", "files"],
    "config_keys": ["errors"],
    "config_accounts": [
        "config_file",
        "config_keys",
        "errors",
        "limits.windows",
        "plytix.address",
        "plytix.auth",
    ],
    "config_writing": ["config_accounts", "config_file", "errors", "plytix.auth"],
    "config": ["config_accounts", "config_keys", "errors", "plytix.address", "plytix.auth"],
    "executor": ["ledger", "limits", "plytix", "domain", "errors"],
    "views": [
        "domain",
        "errors",
        "files",
        "planner",
        "ledger.rows",
        "ledger.changes",
        "ledger.exports",
        "ledger.imports",
        "ledger.galleries",
        "ledger.small_images",
        "ledger.queries",
        "ledger.part",
        "ledger.runs.Writer",
        "ledger.seen.LastSeen",
        "doctor.finding",
        "executor.events",
        "sandbox.import_result",
        "limits.forecast",
        "limits.windows",
    ],
    "doctor": ["config", "mapping", "planner", "ledger", "limits", "plytix", "domain", "executor", "errors"],
    "sandbox": ["errors"],
    "cli": ["*"],
    "__main__": ["cli.app"],
}

# Who alone may import what comes from others: modules or packages.
ONLY_IN = {
    "requests": ["plytix"],
    "sqlite_utils": ["ledger", "migrations"],
    "jinja2": ["views"],
    "openpyxl": ["mapping"],
    "sqlite3": ["ledger", "sandbox.store", "sandbox.database"],
    "filelock": ["ledger.lock", "executor.other_runs"],
    "rich": ["views"],
    "typer": ["cli"],
    "backoff": ["plytix.retry"],
    "platformdirs": ["folders"],
}

# What alone may be imported from a package by all others: nobody else knows how its parts fit together.
ENTRIES = {
    "executor": [
        "executor.clocks",
        "executor.run",
        "executor.events",
        "executor.stop",
        "executor.survey",
        "executor.setup",
        "executor.engine.engine.Bounds",
        "executor.engine.engine.End",
        "executor.engine.slots.Slots",  # `status` shows the use of the limits without a run
        "executor.scripts.gallery_check.is_checked",  # `plan` forecasts the request for it
    ],
}


# The layers of the executor, and what of it each may import besides itself.
LAYERS = {
    "executor.engine": ["executor.clocks", "executor.events", "executor.stop"],
    "executor.scheduler": ["executor.clocks", "executor.engine"],
    "executor.scripts": ["executor.clocks", "executor.events", "executor.engine", "executor.scheduler"],
}


def modules(root: Path = ROOT) -> dict[str, str]:
    """Source by module name, without the leading `amzsync.`; the package itself is empty."""
    found = {}
    for folder, prefix in ((root / "amzsync", ()), (root / "migrations", ("migrations",))):
        for path in folder.rglob("*.py"):
            parts = (*prefix, *path.relative_to(folder).with_suffix("").parts)
            found[".".join(parts).removesuffix("__init__").rstrip(".")] = path.read_text(encoding="utf-8")
    return found


def imports(source: str) -> Iterator[str]:
    """Everything a source imports, wherever it does; what only a type checker sees does not count."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting.extend(ast.iter_child_nodes(node))


def is_inside(name: str, package: str) -> bool:
    return package in ("*", name) or name.startswith(f"{package}.")


def faults(sources: dict[str, str]) -> list[str]:
    """Every import that the tables do not allow."""
    found = []
    for module, source in sources.items():
        package = module.partition(".")[0]
        for name in imports(source):
            top, _, ours = name.partition(".")
            if top == "amzsync":
                allowed = [package, *MAY_IMPORT.get(package, []), "__version__"]
                owner = ours.partition(".")[0]
                entries = ["*"] if owner == package else ENTRIES.get(owner, ["*"])
                if ours and not any(is_inside(ours, one) for one in allowed):
                    found.append(f"{module} imports {ours}")
                elif ours and not any(is_inside(ours, one) for one in entries):
                    found.append(f"{module} imports {ours}, which is a part of {owner}")
            elif top in ONLY_IN:
                if not any(is_inside(module, one) for one in ONLY_IN[top]):
                    found.append(f"{module} imports {top}")
            elif top not in sys.stdlib_module_names:
                found.append(f"{module} imports {top}, which no package may import")
    return found


def layer_faults(sources: dict[str, str]) -> list[str]:
    """Every import by which a layer of a package knows one above it."""
    return [
        f"{module} imports {ours}"
        for module, source in sources.items()
        for layer, below in LAYERS.items()
        if is_inside(module, layer)
        for ours in (name.removeprefix("amzsync.") for name in imports(source))
        if is_inside(ours, layer.partition(".")[0])
        and not any(is_inside(ours, one) for one in (layer, *below))
    ]


def circle(sources: dict[str, str]) -> list[str]:
    """The modules of an import circle, or none."""
    graph = {
        module: {
            target
            for name in imports(source)
            if name.startswith("amzsync.")
            for target in _targets(name.removeprefix("amzsync."), sources)
            if target != module
        }
        for module, source in sources.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _targets(name: str, sources: dict[str, str]) -> set[str]:
    """The module that an imported name is, or stands in."""
    return {name} if name in sources else {name.rpartition(".")[0]} & sources.keys()


def test_every_package_has_its_place_in_the_table() -> None:
    packages = {module.partition(".")[0] for module in modules()} - {""}
    assert packages <= MAY_IMPORT.keys()


def test_no_package_imports_what_is_not_its_own() -> None:
    assert faults(modules()) == []


def test_no_layer_of_the_executor_knows_one_above_it() -> None:
    assert layer_faults(modules()) == []
    assert layer_faults({"executor.engine.sender": "import amzsync.executor.scheduler.queues"})
    assert layer_faults({"executor.scheduler.queues": "from amzsync.executor.scripts import sync"})


def test_no_module_imports_itself_through_another() -> None:
    assert circle(modules()) == []


def test_the_table_itself_has_no_circle() -> None:
    TopologicalSorter(
        {package: {name.partition(".")[0] for name in names} - {"*"} for package, names in MAY_IMPORT.items()}
    ).prepare()


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("domain.product", "from amzsync.ledger.rows import State"),
        ("plytix.client", "def late():\n    import amzsync.ledger.rows"),
        ("views.plan", "from amzsync.ledger.ledger import Ledger"),
        ("config", "from amzsync.plytix import client"),
        ("limits.pace", "from amzsync.ledger.rows import State"),
        ("executor.run", "import requests"),
        ("plytix.transport", "import backoff"),
        ("cli.app", "import sqlite3"),
        ("ledger.rows", "import rich.table"),
        ("executor.run", "from typer import Exit"),
        ("mapping.read", "import numpy"),
        ("sandbox.server", "from amzsync.domain.product import Product"),
        ("executor.run", "from amzsync.sandbox import Sandbox"),
        ("cli.apply", "from amzsync.executor.scheduler.scheduler import Scheduler"),
        ("cli.apply", "from amzsync.executor.engine.engine import Engine"),
    ],
)
def test_an_import_that_is_not_allowed_is_noticed(module: str, source: str) -> None:
    assert len(faults({module: source})) == 1


def test_a_circle_is_noticed() -> None:
    sources = {
        "ledger.a": "from amzsync.ledger.b import B",
        "ledger.b": "from amzsync.ledger import c",
        "ledger.c": "def late():\n    from amzsync.ledger.a import A",
    }
    assert set(circle(sources)) == set(sources)
    assert circle({"ledger.a": "from amzsync.ledger.b import B", "ledger.b": ""}) == []
