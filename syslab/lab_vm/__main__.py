"""Build the lab VM ahead, and say how long things take."""

from __future__ import annotations

import argparse
import sys
import time

from .host import cache
from .host.errors import LabError
from .host.vm import LabVm


def main() -> int:
    """Exit status 1 where there can be no lab VM; the line says why."""
    parser = argparse.ArgumentParser(prog="python -m syslab.lab_vm", description=__doc__)
    parser.add_argument("--quiet", action="store_true", help="say only what it does or why it cannot")
    parser.add_argument("--update", action="store_true", help="build again, with the packages apt has now")
    options = parser.parse_args()
    started = time.monotonic()
    try:
        image = cache.ready(lambda text: print(text, file=sys.stderr, flush=True), update=options.update, again=True)
        if options.quiet:
            return 0
        with LabVm() as lab:
            print(f"{image.folder}: {sum(p.stat().st_size for p in image.folder.iterdir()) / 1e6:.0f} MB")
            print("\n".join(f"  {text}" for text in [*image.manifest["packages"], f"QEMU {image.manifest['qemu']}"]))
            print("  seconds: " + ", ".join(f"{what} {seconds:.2f}" for what, seconds in image.manifest["seconds"].items()))
            print(f"ready in {time.monotonic() - started:.2f} s, of which restoring the snapshot {lab.restored:.2f} s")
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
