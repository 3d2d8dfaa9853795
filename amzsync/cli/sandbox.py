"""`amzsync sandbox serve`: the sandbox for people who write their own clients."""

import threading
from collections.abc import Iterator

from amzsync.cli.accounts import SANDBOX_KEY, SANDBOX_PASSWORD, is_seeded
from amzsync.cli.exits import ExitCode
from amzsync.cli.options import MappingOptions
from amzsync.cli.output import Output
from amzsync.cli.planning import check_mappings, named_columns
from amzsync.cli.result import CommandResult
from amzsync.cli.run_options import RunOptions
from amzsync.cli.sandbox_options import SandboxOptions
from amzsync.domain.product import Product
from amzsync.executor.stop import StopRequest, stop_on_signals
from amzsync.limits.windows import parse_limits
from amzsync.mapping.read import read_products
from amzsync.sandbox import Sandbox, SandboxSettings, parse_behaviour

__all__ = ["serve"]


def serve(
    options: SandboxOptions, mapping: MappingOptions, rate_limits: tuple[str, ...], output: Output
) -> CommandResult:
    """Serve until interrupted."""
    limits = tuple((limit.allowed, limit.window_s) for limit in parse_limits(rate_limits or ("paid",)))
    stop = StopRequest()
    woken = threading.Event()
    stop.on_request(woken.set)
    settings = SandboxSettings(
        path=options.store,
        port=options.port,
        limits=limits,
        api_key=SANDBOX_KEY,
        api_password=SANDBOX_PASSWORD,
        behaviour=parse_behaviour(options.behaviours),
    )
    with stop_on_signals(stop), Sandbox(settings) as sandbox:
        sandbox.seed((*options.seeded_skus, *(sku for sku in _skus(mapping) if is_seeded(sku))))
        output.write(
            f"{line}\n"
            for line in (
                f"PLYTIX_API_URL={sandbox.url}",
                f"PLYTIX_AUTH_URL={sandbox.auth_url}",
                f"PLYTIX_API_KEY={SANDBOX_KEY}",
                f"PLYTIX_API_PASSWORD={SANDBOX_PASSWORD}",
            )
        )
        output.notice("The sandbox is running. Stop it with Ctrl-C.")
        while not stop:
            woken.wait(1.0)
    return CommandResult(ExitCode.DONE)


def _skus(mapping: MappingOptions) -> Iterator[str]:
    options = RunOptions(mapping=mapping)
    for source in check_mappings(options):
        for product in read_products(source, columns=named_columns(options)):
            if isinstance(product, Product):
                yield product.sku
