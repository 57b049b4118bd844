"""Process 1 of the lab VM, and the one that answers. The initramfs carries it; it imports the standard library only.

It mounts what a kernel needs, loads KVM, imports what experiments will want, and waits on a virtio port: the
snapshot is taken here. A job is one line of JSON (target, arguments, timeout, now, hypervisor, tools, and the names
and sizes of files) and then those files. Back go frames, a letter and a 32-bit length in front:

    m  bytes of the experiment's messages, a JSON line each: row, rows, data, error, missing, provenance
    o  bytes it printed
    e  the end, JSON: status, or timeout; left: how many processes it had left behind
"""

from __future__ import annotations

# What the agent needs of the kernel, as modules with all that they depend on or built in. The image says which to load.
MODULES = ("virtio_pci", "virtio_console", "kvm", "kvm-amd")
# in the order in which they can be mounted
MOUNTS = (
    ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("debugfs", "/sys/kernel/debug"),
    ("tracefs", "/sys/kernel/tracing"), ("tmpfs", "/tmp"), ("tmpfs", "/run"),
)  # fmt: skip
# What experiments import, so that none of them waits for it.
WARM = (
    "__future__", "argparse", "base64", "bisect", "builtins", "collections.abc", "concurrent.futures", "contextlib", "copy", "ctypes.util", "dataclasses", "datetime",
    "enum", "fcntl", "functools", "hashlib", "importlib.resources", "inspect", "io", "itertools", "math", "operator", "pathlib", "platform",
    "queue", "random", "re", "resource", "statistics", "string", "subprocess", "tempfile", "textwrap", "threading", "types", "typing", "zlib",
)  # fmt: skip
PORT = "lab"
IMAGE = "/lab/image.json"  # also how an experiment knows that it is inside
TRACING = "/sys/kernel/tracing"
START = 10.0  # seconds for importing, before an experiment's own time counts: it imports on an emulated CPU
KEPT_OUTPUT = 1 << 20  # bytes of what an experiment prints
