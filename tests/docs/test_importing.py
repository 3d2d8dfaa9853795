"""The recipe for Plytix's own importers: what it names is typed, and only reads are left."""

import json
import shutil
from pathlib import Path

from docs.page import SAMPLE, amzsync, amzsync_commands, block


def test_a_catalogue_is_imported_as_the_page_says(tmp_path: Path) -> None:
    shutil.copy(SAMPLE, tmp_path / "catalogue.json")
    plan, export, apply = amzsync_commands(block("commands: import"))
    (sandbox_import,) = amzsync_commands(block("commands: sandbox import"))
    for words in ([*plan, "--plytix-account", "sandbox"], export, sandbox_import):
        ran = amzsync(*words, cwd=tmp_path)
        assert ran.code == 0, ran
    ran = amzsync(*apply, "--output", "report.json", cwd=tmp_path)
    assert ran.code == 0, ran
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (report["images_uploaded"], report["links_created"]) == (0, 84)
    assert report["requests"] <= 4
    page = (tmp_path / "import" / "README.txt").read_text(encoding="utf-8")
    assert "    amzsync plan --refresh\n" in page
    assert "    amzsync apply --yes\n" in page
