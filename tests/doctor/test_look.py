"""A look at an account: what it has found stands, also where it is interrupted."""

from pathlib import Path

from executor.harness import BOUNDS
from sandbox_faults import Sandbox

from amzsync.doctor.account import TokenSeen
from amzsync.doctor.finding import Diagnosis
from amzsync.doctor.look import AccountLook
from amzsync.executor.engine.engine import End
from amzsync.executor.run import RunContext, Server, TokenFacts
from amzsync.executor.stop import StopRequest
from amzsync.ledger.ledger import Ledger
from amzsync.limits.windows import Limit
from amzsync.plytix.auth import Credentials, Secret

SKUS = ("A", "B")


def look(sandbox: Sandbox, stop: StopRequest, *, tokens_to_stop_after: int) -> Diagnosis:
    token = TokenSeen()

    def read_token(_: Secret) -> TokenFacts:
        token.is_issued = True
        if tokens_to_stop_after:
            stop.set()
        return TokenFacts()

    with Ledger.empty(Path("amzsync.db")) as ledger:
        context = RunContext(
            ledger=ledger,
            server=Server(
                sandbox.url, sandbox.auth_url, Credentials(Secret("sandbox-key"), Secret("sandbox-password"))
            ),
            limits=(Limit(10_000, 10.0),),
            gallery_label="amazon_images",
            bounds=BOUNDS,
            stop=stop,
            read_token=read_token,
        )
        return AccountLook(context, token, host="pim.example", is_configured=True).look(SKUS)


def test_where_it_is_interrupted_what_was_found_is_told() -> None:
    with Sandbox(limits=()) as sandbox:
        sandbox.seed(SKUS)
        stopped = look(sandbox, StopRequest(), tokens_to_stop_after=1)
        whole = look(sandbox, StopRequest(), tokens_to_stop_after=0)
    assert (stopped.end, stopped.is_complete) == (End.STOPPED, False)
    assert {"credentials", "token"} <= {finding.subject for finding in stopped.findings}
    assert "products" not in {finding.subject for finding in stopped.findings}
    assert (whole.end, whole.is_complete) == (End.DONE, True)
