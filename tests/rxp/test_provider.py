# SPDX-License-Identifier: AGPL-3.0-or-later
"""An installed `rxp` is used if it is equal, and only then; importing the room stays cheap.

Each case is a process of its own: the decision is made once a process.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from er_tui import rxp
from er_tui.rxp import contracts
from tests.rxp.documents import HERE

ROOT = HERE.parents[1]

STAND_IN = {
    "__init__.py": "",
    "contracts/__init__.py": """
from rxp.contracts.artifact_descriptor import ArtifactDescriptor
from rxp.contracts.runtime_invocation import RuntimeInvocation
from rxp.contracts.runtime_result import RuntimeResult
""",
    "contracts/artifact_descriptor.py": """
from typing import Literal
from pydantic import BaseModel, ConfigDict, Field

class ArtifactDescriptor(BaseModel):
    model_config = ConfigDict(extra="forbid")
    schema_version: Literal["0.1"] = "0.1"
    contract_kind: Literal["artifact_descriptor"] = "artifact_descriptor"
    artifact_id: str = Field(min_length=1)
    path: str = Field(min_length=1)
    kind: str = Field(min_length=1)
    description: str = ""
    metadata: dict[str, str] = Field(default_factory=dict)
""",
    "contracts/runtime_invocation.py": """
from typing import Literal, Optional
from pydantic import BaseModel, ConfigDict, Field

class RuntimeInvocation(BaseModel):
    model_config = ConfigDict(extra="forbid")
    schema_version: Literal["0.1"] = "0.1"
    contract_kind: Literal["runtime_invocation"] = "runtime_invocation"
    invocation_id: str = Field(min_length=1)
    runtime_name: str = Field(min_length=1)
    runtime_kind: Literal["subprocess", "http", "http_async", "container", "manual", "unknown"]
    working_directory: str = Field(min_length=1)
    command: list[str] = Field(min_length=1)
    environment: dict[str, str] = {}
    timeout_seconds: Optional[int] = Field(default=None, gt=0)
    input_payload_path: Optional[str] = None
    output_result_path: Optional[str] = None
    artifact_directory: Optional[str] = None
    metadata: dict[str, str] = {}
""",
    "contracts/runtime_result.py": """
from typing import Literal, Optional
from pydantic import BaseModel, ConfigDict, Field
from rxp.contracts.artifact_descriptor import ArtifactDescriptor

class RuntimeResult(BaseModel):
    model_config = ConfigDict(extra="forbid")
    schema_version: Literal["0.1"] = "0.1"
    contract_kind: Literal["runtime_result"] = "runtime_result"
    invocation_id: str = Field(min_length=1)
    runtime_name: str = Field(min_length=1)
    runtime_kind: Literal["subprocess", "http", "http_async", "container", "manual", "unknown"]
    status: Literal[
        "pending", "running", "succeeded", "failed", "timed_out", "cancelled", "rejected"
    ]
    exit_code: Optional[int] = None
    started_at: str
    finished_at: str
    stdout_path: Optional[str] = None
    stderr_path: Optional[str] = None
    artifacts: list[ArtifactDescriptor] = Field(default_factory=list)
    error_summary: Optional[str] = None
    metadata: dict[str, str] = Field(default_factory=dict)
""",
    "vocabulary/__init__.py": "",
    "vocabulary/runtime_kind.py": """
RUNTIME_KINDS = {"unknown", "subprocess", "http", "http_async", "container", "manual"}
""",
    "vocabulary/runtime_status.py": """
RUNTIME_STATUSES = [
    "pending", "running", "succeeded", "failed", "timed_out", "cancelled", "rejected"
]
""",
    "vocabulary/contract_kind.py": """
CONTRACT_KINDS = ("runtime_invocation", "runtime_result", "artifact_descriptor")
""",
}


def install(site: Path, *changes: tuple[str, str, str]) -> Path:
    """Writes the stand-in package into `site`, with `changes`: file, old text, new text."""
    for name, text in STAND_IN.items():
        path = site / "rxp" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name, old, new in changes:
        path = site / "rxp" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    return site


def python(site: Path, *arguments: str, cwd: Path = ROOT) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(ROOT)))}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=cwd, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def decision(site: Path, cwd: Path = ROOT) -> list[str]:
    """Provider, reason, and the module the invocation class comes from."""
    code = (
        "from er_tui import rxp\n"
        "print(*rxp.provider(), rxp.RuntimeInvocation.__module__.split('.')[0], sep='\\n')"
    )
    return python(site, "-c", code, cwd=cwd).splitlines()


def test_without_an_rxp_package_the_bundled_contracts_are_used(tmp_path: Path) -> None:
    assert decision(tmp_path) == ["bundled", "no rxp package is installed", "er_tui"]


def test_an_equal_rxp_package_is_used(tmp_path: Path) -> None:
    reason = "the rxp package that is installed has equal contracts"
    assert decision(install(tmp_path)) == ["canonical", reason, "rxp"]


def test_every_promise_holds_with_the_installed_contracts_too(tmp_path: Path) -> None:
    others = [str(path) for path in HERE.glob("test_*.py") if path != Path(__file__)]
    arguments = ("-q", "-p", "no:cacheprovider", *others)
    assert " passed" in python(install(tmp_path), "-m", "pytest", *arguments)


CHANGES = {
    "a runtime kind less": (
        ("vocabulary/runtime_kind.py", '"http_async", ', ""),
        "rxp lacks http_async in its runtime kinds",
    ),
    "a status more": (
        ("vocabulary/runtime_status.py", '"pending",', '"pending", "queued",'),
        "rxp adds queued to its runtime statuses",
    ),
    "a contract kind less": (
        ("vocabulary/contract_kind.py", ', "artifact_descriptor"', ""),
        "rxp lacks artifact_descriptor in its contract kinds",
    ),
    "no vocabulary": (
        ("vocabulary/contract_kind.py", "CONTRACT_KINDS", "KINDS"),
        "rxp could not be imported: module 'rxp.vocabulary.contract_kind' "
        "has no attribute 'CONTRACT_KINDS'",
    ),
    "a field less": (
        ("contracts/runtime_result.py", "    exit_code: Optional[int] = None\n", ""),
        "rxp has another exit_code in its RuntimeResult",
    ),
    "a field more": (
        (
            "contracts/runtime_invocation.py",
            "    metadata",
            "    tags: list[str] = []\n    metadata",
        ),
        "rxp has another tags in its RuntimeInvocation",
    ),
    "another default": (
        ("contracts/artifact_descriptor.py", 'description: str = ""', 'description: str = "-"'),
        "rxp has another description in its ArtifactDescriptor",
    ),
    "a required field": (
        ("contracts/runtime_invocation.py", "dict[str, str] = {}", "dict[str, str]"),
        "rxp has another environment in its RuntimeInvocation",
    ),
    "unknown fields let through": (
        ("contracts/runtime_invocation.py", 'extra="forbid"', 'extra="ignore"'),
        "rxp has another rule for unknown fields in its RuntimeInvocation",
    ),
    "no result": (
        ("contracts/__init__.py", "import RuntimeResult", "import RuntimeResult as Result"),
        "rxp has no RuntimeResult",
    ),
    "raises on import": (
        ("__init__.py", "", "raise LookupError('no licence\\nfound')"),
        "rxp could not be imported: no licence found",
    ),
    "raises without a word": (
        ("contracts/__init__.py", "\nfrom", "\nraise KeyError\nfrom"),
        "rxp could not be imported: KeyError",
    ),
}


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES.keys())
def test_an_rxp_package_that_differs_is_left_alone(
    tmp_path: Path, change: tuple[str, str, str], reason: str
) -> None:
    assert decision(install(tmp_path, change)) == ["bundled", reason, "er_tui"]


def test_a_folder_named_rxp_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "rxp" / "contracts").mkdir(parents=True)
    expected = ["bundled", "no rxp package is installed", "er_tui"]
    assert decision(tmp_path / "empty", cwd=tmp_path) == expected
    assert decision(tmp_path) == expected


def test_the_provider_is_told_without_pydantic(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from er_tui.rxp import RUNTIME_KINDS\n"
        "from er_tui.rxp.provider import provider\n"
        "print(provider()[0], 'pydantic' in sys.modules)"
    )
    assert python(tmp_path, "-c", code) == "bundled False\n"


def test_the_room_imports_nothing_slow_of_its_own(tmp_path: Path) -> None:
    code = (
        "import sys, pydantic\n"
        "class Model(pydantic.BaseModel): field: int\n"
        "before = set(sys.modules)\n"
        "from er_tui.rxp import *\n"
        "added = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(added & {'jsonschema', 'tempfile', 'logging', 'difflib', 'asyncio', 'inspect'})"
    )
    assert python(tmp_path, "-c", code) == "set()\n"


def test_each_name_is_one_object() -> None:
    for name in rxp.__all__:
        assert getattr(rxp, name) is getattr(rxp, name)
        assert name in dir(rxp)
    assert rxp.RuntimeInvocation is contracts.RuntimeInvocation
    assert callable(rxp.provider)
    with pytest.raises(AttributeError, match="no attribute 'Surprise'"):
        getattr(rxp, "Surprise")  # noqa: B009 - what a misspelled import does
