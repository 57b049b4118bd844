"""``make bench``: the figures of the design's budget table, measured here. Nothing fails; numbers are for reading."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from . import failures
from .environment import BUILD, ROOT


def timed(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _quiet_build() -> None:
    code = "import sys; from tools.book import build; sys.exit(build())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])


def build_times() -> dict[str, float]:
    """Cold, unchanged, and with the code of one chapter changed (the file is put back afterwards)."""
    figures = {}
    shutil.rmtree(BUILD, ignore_errors=True)
    figures["cold build, every cell executed"] = timed(_quiet_build)
    figures["unchanged rebuild"] = timed(_quiet_build)
    chapter = ROOT / "book" / "memory" / "page-fault-error-code.md"
    before = chapter.read_bytes()
    try:
        chapter.write_bytes(before.replace(b"answer.data[0]", f"answer.data[0]  # {time.time()}".encode()))
        figures["one chapter's code changed"] = timed(_quiet_build)
    finally:
        chapter.write_bytes(before)
    _quiet_build()
    return figures


def imports() -> dict[str, float]:
    """Milliseconds to import syslab and one layout, in a fresh interpreter, the fastest of five."""
    code = "import time; t = time.perf_counter(); import syslab.bits; syslab.bits.get({!r}); print(time.perf_counter() - t)"
    figures = {}
    for anchor in ("pfec", "cpuid-7-0-ebx", "wait"):
        runs = [
            subprocess.run([sys.executable, "-c", code.format(anchor)], capture_output=True, text=True, check=True)
            for _ in range(5)
        ]
        figures[f"import one layout ({anchor}), ms"] = min(float(run.stdout) for run in runs) * 1000
    return figures


def widgets() -> dict[str, float]:
    """Milliseconds from DOMContentLoaded until a widget is on the page; negative: it was there before."""
    from playwright.sync_api import sync_playwright

    figures = {}
    with sync_playwright() as p:
        chromium = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--no-first-run"])
        try:
            for path in sorted((BUILD / "html").rglob("*.html")):
                if "widget-view+json" not in path.read_text(encoding="utf-8"):
                    continue
                page = chromium.new_page()
                page.add_init_script(
                    "new MutationObserver((_, o) => { if (document.querySelector('.rsn-w button, .rsn-w input')) {"
                    " window.rsnDrawn ??= performance.now(); o.disconnect(); } }).observe(document, {childList: true, subtree: true})"
                )
                page.goto(path.as_uri())
                page.wait_for_function("window.rsnDrawn")
                name = str(path.relative_to(BUILD / "html").with_suffix(""))
                figures[f"widget after DOMContentLoaded ({name}), ms"] = page.evaluate(
                    "window.rsnDrawn - performance.getEntriesByType('navigation')[0].domContentLoadedEventStart"
                )
                page.close()
        finally:
            chromium.close()
    return figures


def lab_vm() -> dict[str, float]:
    """The lab VM: seconds to make it with its snapshot, and to have it back from there; its memory and size in MB."""
    from syslab.lab_vm.host import LabMissing, LabVm, cache

    try:
        image = cache.ready()
        with LabVm() as lab:
            status = Path(f"/proc/{lab.pid}/status").read_text(encoding="utf-8")
            resident = int(status.split("VmRSS:")[1].split()[0]) / 1000
            restored = lab.restored
    except LabMissing as missing:
        print(f"no lab VM: {missing}")
        return {}
    size = sum(path.stat().st_size for path in image.folder.iterdir()) / 1e6
    figures: dict[str, float] = {f"lab VM, {what}": seconds for what, seconds in image.manifest["seconds"].items()}
    return figures | {"lab VM, restore": restored, "lab VM, resident, MB": resident, "lab VM, on disk, MB": size}


def experiments() -> dict[str, float]:
    """Seconds of each experiment, process start or restoring the lab VM included."""
    from syslab.evidence import lab
    from syslab.evidence.bounded import run

    from .record import experiments as known
    from .record import places

    figures = {}
    for experiment in known():
        for place, witness in places(experiment):
            if place == "lab":
                with suppress(lab.NotInLab):
                    figures[f"experiment {experiment.name}, lab VM"] = lab.run(experiment, witness.arguments)[0].seconds
            elif not witness.missing():
                machine = f", {witness.machine}" if witness.machine else ""
                figures[f"experiment {experiment.name}{machine}"] = run(experiment, witness.arguments).seconds
    return figures


def main() -> int:
    """Measure, print, and keep the figures in _build/benchmark.json."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    figures: dict[str, float] = {}
    for part in (build_times, imports, widgets, lab_vm, experiments):
        found = part()
        figures |= found
        for name, value in found.items():
            print(f"{value:10.2f}  {name}", flush=True)
    (BUILD / "benchmark.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(failures.run(main))
