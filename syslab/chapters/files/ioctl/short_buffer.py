"""A call of KVM_GET_SUPPORTED_CPUID that may end the Python that makes it, in a Python of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

from syslab.bits.ioctl_names import BY_NAME

CODE = """
import errno, fcntl, os, resource, struct
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
buffer = bytearray(struct.pack('II', {nent}, 0).ljust({size}, bytes(1)))
try:
    print("returned", fcntl.ioctl(os.open('/dev/kvm', os.O_RDWR), {request:#x}, buffer), flush=True)
except OSError as error:
    print(errno.errorcode[error.errno], flush=True)
"""


def outcome(nent: int, size: int) -> str:
    """What the call returned, its errno or the signal that ended Python. ``nent``: what the header says; ``size``: the buffer's bytes."""
    code = CODE.format(nent=nent, size=size, request=BY_NAME["KVM_GET_SUPPORTED_CPUID"].number)
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=10, start_new_session=True,
    )  # fmt: skip
    if done.returncode < 0:
        return f"Python was killed by {signal.Signals(-done.returncode).name}"
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]
