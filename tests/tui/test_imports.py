# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the dashboard loads, and what loads it: told by a fresh interpreter."""

import json
import pkgutil
import subprocess
import sys

import er_tui


def loaded_by(*modules: str) -> set[str]:
    """The names of all modules that importing these loads."""
    code = f"import sys, json, {', '.join(modules)}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    return set(json.loads(done.stdout))


def test_the_dashboard_loads_no_runner_no_http_and_no_contracts_before_a_file_is_read() -> None:
    loaded = loaded_by("er_tui.cli", "er_tui.session.client", "er_tui.tui.app")
    assert "textual" in loaded
    unwanted = {"httpx", "pydantic", "er_tui.runtime", "er_tui.engine.queue", "er_tui.rxp.bundled"}
    assert unwanted & loaded == set()


def test_nothing_but_the_screen_loads_textual() -> None:
    names = [module.name for module in pkgutil.walk_packages(er_tui.__path__, "er_tui.")]
    others = [
        name
        for name in names
        if not name.startswith("er_tui.tui")
        and not name.rpartition(".")[2].startswith("__")
        and ".demo." not in name
    ]
    assert len(others) > 20
    assert "textual" not in loaded_by(*others)
