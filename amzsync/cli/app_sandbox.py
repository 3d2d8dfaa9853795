"""The commands of the embedded Plytix."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from amzsync.cli.app_start import new_app, start
from amzsync.cli.options import MappingOptions, OutputOptions, PaceOptions
from amzsync.cli.sandbox_options import ImportOptions, SandboxOptions
from amzsync.cli.signature import Only, takes_options
from amzsync.cli.usage import UsageError

if TYPE_CHECKING:
    from amzsync.cli.output import Output
    from amzsync.cli.result import CommandResult

__all__ = ["sandbox_app"]

sandbox_app = new_app(name="sandbox", help="The embedded Plytix.")


@sandbox_app.command("serve", epilog="Example: amzsync sandbox serve --port 8080 --mapping catalogue.json")
@takes_options
def _serve(
    sandbox: SandboxOptions,
    mapping: Annotated[MappingOptions, Only("mappings", "sku_column", "url_columns")],
    pace: Annotated[PaceOptions, Only("rate_limits")],
    output_options: Annotated[OutputOptions, Only("verbosity", "is_quiet", "no_color")],
) -> None:
    """Serve the sandbox on loopback for other clients; prints its addresses and credentials."""

    def command(output: "Output", _resources: ExitStack) -> "CommandResult":
        from amzsync.cli.sandbox import serve

        return serve(sandbox, mapping, pace.rate_limits, output)

    start(command, output_options)


@sandbox_app.command("import", epilog="Example: amzsync sandbox import import --store amzsync.db.sandbox")
@takes_options
def _import(
    import_options: ImportOptions,
    sandbox: Annotated[SandboxOptions, Only("store")],
    output_options: Annotated[OutputOptions, Only("verbosity", "is_quiet", "no_color")],
) -> None:
    """Import the files of `amzsync export plytix` into the sandbox, as Plytix's own importers do."""
    store = sandbox.store
    if store is None:
        raise UsageError("Name the sandbox's file with --store FILE.")

    def command(_output: "Output", _resources: ExitStack) -> "CommandResult":
        from amzsync.cli.sandbox_import import import_files

        return import_files(store, import_options)

    start(command, output_options)
