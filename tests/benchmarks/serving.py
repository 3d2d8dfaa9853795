"""A sandbox in a process of its own, so that a benchmark does not time its own server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SERVER = """
import json, sys
from sandbox_faults import Latency, Sandbox
asked = json.loads(sys.stdin.readline())
latency = Latency(upload_s=asked["upload_s"], other_s=asked["other_s"], seed=7) if asked["upload_s"] else None
limits = [tuple(limit) for limit in asked["limits"]]
with Sandbox(limits=limits, latency=latency) as sandbox:
    sandbox.seed(asked["skus"])
    for filename in asked["filenames"]:
        sandbox.add_asset(filename)
    print(json.dumps({"url": sandbox.url, "auth_url": sandbox.auth_url}), flush=True)
    for line in sys.stdin:
        times = [one.arrived_at for one in sandbox.history if one.status != 429]
        print(json.dumps({
            "total": sandbox.total,
            "counts": dict(sandbox.counts),
            "refused": sum(1 for one in sandbox.history if one.status == 429),
            "arrivals": times,
            "overlapping_writes": sandbox.overlapping_writes,
        }), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    auth_url: str
    _process: subprocess.Popen[str]

    def seen(self) -> dict[str, Any]:
        """What the server has counted so far."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        counts: dict[str, Any] = json.loads(self._process.stdout.readline())
        return counts

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PLYTIX_API_URL": self.url,
            "PLYTIX_AUTH_URL": self.auth_url,
            "PLYTIX_API_KEY": "sandbox-key",
            "PLYTIX_API_PASSWORD": "sandbox-password",
        }


@contextmanager
def served(
    skus: list[str],
    *,
    limits: tuple[tuple[int, float], ...] = (),
    upload_s: tuple[float, float] | None = None,
    other_s: tuple[float, float] = (0.0, 0.0),
    filenames: tuple[str, ...] = (),
) -> Iterator[Served]:
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    ) as process:
        assert process.stdin
        assert process.stdout
        asked = {
            "skus": skus,
            "limits": limits,
            "upload_s": upload_s,
            "other_s": other_s,
            "filenames": filenames,
        }
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        try:
            yield Served(answer["url"], answer["auth_url"], process)
        finally:
            process.stdin.close()
            process.kill()
