"""Whether KVM works here: the device opens, speaks the API, and makes a VM. A file named /dev/kvm alone says little.

Apart from :mod:`.kvm`, because whoever asks what a machine can do needs no more than this.
"""

from __future__ import annotations

import errno
import os

from syslab.posix import fcntl

DEVICE = "/dev/kvm"
API_VERSION = 12
# <linux/kvm.h>: _IO(KVMIO, 0x00) and _IO(KVMIO, 0x01), KVMIO is 0xAE
_GET_API_VERSION, _CREATE_VM = 0xAE00, 0xAE01
# errno -> why: what helps
_NO_KVM = "{device} has no KVM behind it: load kvm_intel or kvm_amd"
_OPENING = {
    errno.ENOENT: "there is no {device}: load the kvm module",
    errno.EACCES: "{device} is not readable and writable for this user: join the group kvm",
    errno.EPERM: "{device} may not be opened (EPERM): allow it in the container's device rules",
    errno.ENODEV: _NO_KVM,
    errno.ENXIO: _NO_KVM,
}
_ASKING = {
    errno.ENOTTY: "{device} is not KVM's device (ENOTTY): make it anew, mknod -m 660 {device} c 10 232",
    errno.EBUSY: "KVM cannot make a VM, the CPU's virtualization is in use (EBUSY): end the other hypervisor, such as VirtualBox",
    errno.EPERM: "KVM may not make a VM (EPERM): allow it in the sandbox",
    errno.ENODEV: _NO_KVM,
}


def missing(device: str = DEVICE) -> str | None:
    """Why no VM can be made here, and after a colon what helps; None where one was just made, and closed again."""
    try:
        file = os.open(device, os.O_RDWR)  # as all that Python opens, no child inherits it
    except OSError as error:
        return _told(_OPENING, error, f"{device} cannot be opened", device)
    try:
        version = fcntl.ioctl(file, _GET_API_VERSION)
        if version != API_VERSION:
            return f"{device} speaks version {version} of KVM's API: this program needs {API_VERSION}"
        os.close(fcntl.ioctl(file, _CREATE_VM, 0))
    except OSError as error:
        return _told(_ASKING, error, "KVM cannot make a VM", device)
    finally:
        os.close(file)
    return None


def _told(known: dict[int, str], error: OSError, otherwise: str, device: str) -> str:
    sentence = known.get(error.errno or 0)
    return sentence.format(device=device) if sentence else f"{otherwise} ({error.strerror}): see the kernel's log"
