# SPDX-License-Identifier: AGPL-3.0-or-later
"""The JUnit report: XML whatever the runs wrote, whole whatever ended them."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest

from er_tui.rxp import InvocationFileError
from er_tui.session.headless.cases import Case
from er_tui.session.junit import MOST_OUTPUT, write_junit
from er_tui.session.library import Entry
from er_tui.session.state import RunState
from tests.conftest import wait_until
from tests.session.commands import ER_TUI, headless, summary
from tests.session.conftest import Write
from tests.text.forbidden import forbidden_in

pytestmark = pytest.mark.usefixtures("runtime_folder")


def cases_in(report: Path) -> Mapping[str, ElementTree.Element]:
    """Each test case by its name."""
    root = ElementTree.parse(report).getroot()
    assert root.tag == "testsuites"
    (suite,) = root
    assert int(suite.attrib["tests"]) == len(suite)
    for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.attrib[name]) == len(suite.findall(f"testcase/{kind}"))
    return {case.attrib["name"]: case for case in suite}


def text_of(case: ElementTree.Element, tag: str) -> str:
    return case.findtext(tag) or ""


def test_every_end_has_its_kind(folder: Path, write: Write, tmp_path: Path) -> None:
    write("good", "echo out; echo err >&2")
    write("bad", "echo why >&2; exit 3")
    write("late", "sleep 60", timeout_seconds=1)
    write("refused", command=["no-such-program"])
    (folder / "broken.json").write_text("{\n")
    report = tmp_path / "report.xml"
    done = headless(folder, "--junit", report, "--jobs", "4")
    assert done.returncode == 1
    cases = cases_in(report)
    assert {name: [e.tag for e in case][:1] for name, case in cases.items()} == {
        "good": ["system-out"],
        "bad": ["failure"],
        "late": ["failure"],
        "refused": ["error"],
        "broken": ["error"],
    }
    assert (text_of(cases["good"], "system-out"), text_of(cases["good"], "system-err")) == (
        "out\n",
        "err\n",
    )
    assert cases["bad"][0].attrib["message"] == "exited with code 3"
    assert "why" in (cases["bad"][0].text or "")
    assert "broken.json:2:1: is not JSON" in cases["broken"][0].attrib["message"]
    assert float(cases["late"].attrib["time"]) >= 1
    assert cases["good"].attrib["classname"] == "good"
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_report_holds_nothing_that_xml_or_a_terminal_takes_amiss(
    folder: Path, write: Write, tmp_path: Path
) -> None:
    everything = folder / "everything"
    everything.write_bytes(
        bytes(range(256)) * 3
        + "\ud800\udfff\ufffe\uffff\u2028\x85\U0001fffe".encode(errors="surrogatepass")
        + b"]]></system-out><![CDATA[&amp;&\x1b]0;title\x07\x1b[2J\n"
    )
    write("a <&\"'>", "cat everything; cat everything >&2; exit 1", invocation_id="<&\"'>\u202e")
    report = tmp_path / "report.xml"
    assert headless(folder, "--junit", report).returncode == 1
    (case,) = cases_in(report).values()
    for tag in ("system-out", "system-err", "failure"):
        text = text_of(case, tag)
        assert "]]></system-out><![CDATA[&amp;&" in text
        assert forbidden_in(text.replace("\n", "")) == []
    assert forbidden_in(report.read_text().replace("\n", "")) == []
    assert case.attrib["name"] == "a <&\"'>"


def test_long_output_is_cut_to_its_end_and_says_so(
    folder: Path, write: Write, tmp_path: Path
) -> None:
    write("a", "head -c 1000000 /dev/zero | tr '\\0' x; echo the end")
    report = tmp_path / "report.xml"
    assert headless(folder, "--junit", report).returncode == 0
    output = text_of(cases_in(report)["a"], "system-out")
    left_out = 1_000_000 + len("the end\n") - MOST_OUTPUT
    assert output.startswith(f"[the first {left_out} bytes are left out]\nxxx")
    assert output.endswith("xthe end\n")
    assert len(output) < MOST_OUTPUT + 100


def test_a_capture_that_is_gone_or_no_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    result = {
        "status": "succeeded",
        "stdout_path": str(tmp_path / "gone"),
        "stderr_path": str(tmp_path / "pipe"),
    }
    run = RunState("r", 1.0, status="succeeded", result=result, started_at=1.0, finished_at=2.5)
    entry = Entry(tmp_path / "a.json", "a", None, None)
    lost = RunState("s", 1.0, lost="the engine ended unexpectedly")
    report = tmp_path / "report.xml"
    report.write_text("what was there before")
    cases = [
        Case(entry, 1, 3, run=run),
        Case(entry, 2, 3, run=lost),
        Case(entry, 3, 3, why_not="a (2 of 3) is lost (--fail-fast)"),
        Case(entry, error=InvocationFileError(entry.path, "is empty")),
    ]
    assert write_junit(report, cases, time.time(), 3.0) is None
    found = cases_in(report)
    assert text_of(found["a (1 of 3)"], "system-out").startswith("[cannot be read: No such file")
    assert text_of(found["a (1 of 3)"], "system-err").startswith("[cannot be read: it is no regul")
    assert found["a (1 of 3)"].attrib["time"] == "1.500"
    assert found["a (2 of 3)"][0].tag == "error"
    skipped = found["a (3 of 3)"][0]
    assert skipped.tag == "skipped"
    assert skipped.attrib["message"] == "not started: a (2 of 3) is lost (--fail-fast)"


@pytest.mark.parametrize(
    ("where", "why"),
    [("no/such/report.xml", "there is no folder"), ("pipe", "it is no regular file")],
)
def test_a_report_that_could_not_be_written_is_refused_before_anything_runs(
    folder: Path, write: Write, tmp_path: Path, where: str, why: str
) -> None:
    write("a", "touch ran")
    os.mkfifo(tmp_path / "pipe")
    done = headless(folder, "--junit", tmp_path / where)
    assert done.returncode == 2
    assert why in done.stderr.decode()
    assert not (folder / "ran").exists()


def test_a_report_that_cannot_be_written_in_the_end_gives_1(
    folder: Path, write: Write, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    write("a", f"rmdir {place}")
    done = headless(folder, "--junit", place / "report.xml")
    assert done.returncode == 1
    assert summary(done) == "1 succeeded"
    assert "the report cannot be written" in done.stderr.decode()


def test_a_signal_leaves_a_whole_report(folder: Path, write: Write, tmp_path: Path) -> None:
    write("a", "echo begun; touch ready; exec sleep 600")
    write("b", "exec sleep 600")
    report = tmp_path / "report.xml"
    process = subprocess.Popen(
        [*ER_TUI, "--headless", "--jobs=1", "--repeat=2", f"--junit={report}", str(folder)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until((folder / "ready").exists)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 128 + signal.SIGINT
    finally:
        process.kill()
        process.wait()
    cases = cases_in(report)
    assert {case[0].tag for case in cases.values()} == {"skipped"}
    assert len(cases) == 4
    assert cases["a (1 of 2)"][0].attrib["message"] == "cancelled by the operator"
    assert text_of(cases["a (1 of 2)"], "system-out") == "begun\n"
    assert cases["b (2 of 2)"][0].attrib["message"] == "not started: SIGINT"


def test_secrets_are_not_in_the_report(folder: Path, write: Write, tmp_path: Path) -> None:
    secret = "hunter2-not-a-real-secret"
    write("a", command=["no-such-program", f"--password={secret}"])
    write("b", "echo token $MY_TOKEN refused >&2; exit 1", environment={"MY_TOKEN": secret})
    (folder / "c.json").write_text(
        json.dumps({"environment": {"MY_TOKEN": secret}, "x": 1, "invocation_id": "c"})
    )
    report = tmp_path / "report.xml"
    assert headless(folder, "--junit", report).returncode == 1
    cases = cases_in(report)
    assert secret in text_of(cases["b"], "system-err")  # what a child prints is its own affair
    cases["b"].remove(cases["b"].find("system-err") or cases["b"][-1])
    for case in cases.values():
        assert secret not in ElementTree.tostring(case, encoding="unicode")
