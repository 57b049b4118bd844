"""From nothing to waiting: what /init runs."""

from __future__ import annotations

import gc
import glob
import json
import os
import sys
import time
import traceback
from importlib import import_module
from importlib.util import MAGIC_NUMBER

from . import IMAGE, PORT, WARM
from .jobs import Port, serve
from .kernel import insmod, libc, mount_all, power_off, write, zero_free_memory


def boot() -> Port:
    """From nothing to waiting."""
    mount_all()
    write("/proc/self/oom_score_adj", "-1000")
    with open(IMAGE, encoding="utf-8") as file:
        modules = json.load(file)["modules"]
    for name in modules:
        insmod(name)
    for _ in range(500):
        for path in glob.glob("/sys/class/virtio-ports/*/name"):
            with open(path, encoding="ascii") as file:
                if file.read().strip() == PORT and os.path.exists(device := "/dev/" + path.split("/")[-2]):
                    return Port(device)
        time.sleep(0.005)
    raise RuntimeError("the host's virtio port did not appear")


def main() -> None:
    """Never returns."""
    sys.path[:] = [path for path in sys.path if path]
    libc().mount(b"lab", b"/proc", b"proc", 0, None)
    sys.executable = os.readlink("/proc/self/exe")  # unknown to a process 1 without PATH
    try:
        port = boot()
        for name in WARM:
            import_module(name)
        write("/sys/kernel/rcu_expedited", "1")  # modules and traces come and go in a third of the time
        gc.collect()
        gc.freeze()
        zero_free_memory()
        port.frame(
            b"r", json.dumps({"magic": MAGIC_NUMBER.hex(), "kernel": os.uname().release, "python": sys.version.split()[0]}).encode()
        )
        serve(port)
    except BaseException:  # the console is all there is to say it on
        traceback.print_exc()
        sys.stderr.flush()
        time.sleep(0.2)
        power_off()
