"""The table of planted faults is about this program: each fault has its one place in it."""

from pathlib import Path

import pytest
from simulation.planted_faults import FAULTS, Fault

_PROGRAM = Path(__file__).resolve().parents[2] / "amzsync"


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_can_be_planted(fault: Fault) -> None:
    assert (_PROGRAM / fault.file).read_text(encoding="utf-8").count(fault.right) == 1
