# SPDX-License-Identifier: AGPL-3.0-or-later
"""The demo shows what it promises, and leaves nothing running."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from click.testing import CliRunner

from er_tui.cli import main
from er_tui.demo import write_demo
from er_tui.demo.http_samples import HTTP_SAMPLES
from er_tui.demo.serving import BackendError, serving
from er_tui.rxp import read_invocation
from er_tui.session.library import Library
from tests.engine.tagged import Tagged, tagged
from tests.session.commands import headless

__all__ = ["tagged"]

EXPECTED = {
    "build": "succeeded",
    "colours": "succeeded",
    "conversation": "succeeded",
    "family": "succeeded",
    "http-echo": "succeeded",
    "http-refused": "failed",
    "http-report": "succeeded",
    "interleaved": "succeeded",
    "lookup": "succeeded",
    "migration": "failed",
    "missing-binary": "rejected",
    "nightly": "succeeded",
    "payload": "succeeded",
    "progress": "succeeded",
    "question": "succeeded",
    "release": "succeeded",
    "secret": "succeeded",
    "stubborn": "timed_out",
    "timeout": "timed_out",
    "traceback": "failed",
    "training": "timed_out",
}

EXIT_CODES = {"http-report": 200, "http-refused": 422, "release": 0, "lookup": 0, "migration": 1}

NOWHERE = "http://127.0.0.1:1"
PROXIES = {
    "HTTP_PROXY": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "ALL_PROXY": "socks5://127.0.0.1:1",
}


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the demo makes its folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    yield tmp_path
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.fixture
def proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose proxies answer nobody, in both spellings."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for name, value in PROXIES.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)


@pytest.mark.usefixtures("proxies")
def test_the_demo_without_a_screen_ends_as_it_promises(temporary: Path, tagged: Tagged) -> None:
    done = headless("--demo", "--jobs", "2", "--json", seconds=40)
    assert done.returncode == 1
    said = done.stderr.decode()
    (folder,) = temporary.glob("er-tui-demo-*")
    assert said.splitlines()[-1] == f"The demo's files are in {folder}"
    assert f"invalid    {folder}/broken.json:4:18: is not JSON" in said

    results = {r["invocation_id"]: r for r in map(json.loads, done.stdout.splitlines())}
    assert {name: result["status"] for name, result in results.items()} == EXPECTED
    exit_codes = {name: results[name]["exit_code"] for name in EXIT_CODES}
    assert exit_codes == EXIT_CODES
    assert "backend reported terminal status: failed" in results["migration"]["error_summary"]
    assert results["stubborn"]["error_summary"].endswith("SIGKILL was needed")
    assert "KeyError: 'washers'" in results["traceback"]["error_summary"]
    assert results["family"]["metadata"]["swept_count"] == "1"
    assert "total" in Path(results["payload"]["stdout_path"]).read_text()
    question = results["question"]
    assert question["stderr_path"] is None
    assert "no answer for" in Path(question["stdout_path"]).read_text()
    assert "\r" in Path(results["progress"]["stdout_path"]).read_bytes().decode()
    colours = Path(results["colours"]["stdout_path"]).read_text()
    for code in ("\x1b[41m", "\x1b[48;5;196m", "\x1b[48;2;"):
        assert code in colours
    assert Path(results["interleaved"]["stderr_path"]).read_text().count("warning: ") == 7

    for path in (*folder.rglob("invocation.json"), *folder.rglob("e*.json*")):
        assert "not-a-real" not in path.read_text(), path
    assert b"not-a-real" not in done.stdout + done.stderr
    assert tagged.alive() == []


@pytest.mark.usefixtures("temporary")
def test_the_demo_lists_its_invocations_and_not_its_scripts() -> None:
    folder = write_demo(NOWHERE)
    library = Library([folder])
    entries = list(library.scan())
    assert [entry.name for entry in entries] == sorted([*EXPECTED, "broken"])
    assert [entry.name for entry in entries if entry.error] == ["broken"]
    assert library.others == set()
    for entry in entries:
        if entry.invocation is not None:
            assert entry.invocation.metadata["demo.about"]


@pytest.mark.usefixtures("temporary")
def test_the_demo_is_in_nobodys_way() -> None:
    first, second = write_demo(NOWHERE), write_demo(NOWHERE)
    assert first != second
    build = read_invocation(first / "build.json")
    assert build.working_directory == str(first)
    assert build.command == [sys.executable, str(first / "scripts" / "build.py")]
    assert not list(first.rglob("__pycache__"))


@pytest.mark.usefixtures("temporary")
def test_the_http_invocations_speak_to_the_backend_and_hold_no_secret_but_in_the_environment() -> (
    None
):
    folder = write_demo(NOWHERE)
    documents = [read_invocation(folder / f"{sample.name}.json") for sample in HTTP_SAMPLES]
    assert {document.runtime_kind for document in documents} == {"http", "http_async"}
    for document in documents:
        wire = {k: v for k, v in document.metadata.items() if k.startswith("http.")}
        urls = [value for name, value in wire.items() if "url" in name]
        assert urls
        assert all(url.startswith(f"{NOWHERE}/") for url in urls)
        assert "not-a-real" not in str(wire)
        assert not {name.upper() for name in document.environment} & {*PROXIES, "NO_PROXY"}


@pytest.mark.usefixtures("temporary")
def test_the_scripts_of_the_demo_run_without_er_tui() -> None:
    folder = write_demo(NOWHERE)
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "scripts" / "payload.py")],
        input="item,count,price\nbolt,2,0.50\n",
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    assert "1.00" in done.stdout


def test_the_backend_serves_until_its_context_ends_and_no_ctrl_c_reaches_it(tagged: Tagged) -> None:
    with serving() as url:
        connection = HTTPConnection(url.removeprefix("http://"), timeout=5)
        connection.request("GET", "/report")
        assert connection.getresponse().status == 200
        (backend,) = tagged.pids()
        assert os.getsid(backend) == backend
    connection.close()
    assert tagged.alive() == []


def test_the_backend_dies_with_whoever_started_it_kill_9_included(tagged: Tagged) -> None:
    code = (
        "from er_tui.demo.serving import serving\n"
        "with serving() as url: print(url, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().startswith(b"http://127.0.0.1:")
        assert len(tagged.pids()) == 2
        holder.kill()
    tagged.wait_gone(2)


def test_the_backend_ends_on_sigterm(tagged: Tagged) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "er_tui.demo.backend"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as backend:
        assert backend.stdout is not None
        assert backend.stdout.readline().startswith(b"http://127.0.0.1:")
        backend.send_signal(signal.SIGTERM)
        assert backend.wait(5) == 0
    assert tagged.alive() == []


def test_a_backend_that_cannot_serve_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("er_tui.demo.serving._BACKEND", "print('cannot serve: no loopback')")
    with pytest.raises(BackendError, match="did not start: cannot serve: no loopback"), serving():
        pass
    done = CliRunner().invoke(main, ["--demo", "--headless"])
    assert done.exit_code == 1
    assert "the demo's backend did not start: cannot serve: no loopback" in done.output
