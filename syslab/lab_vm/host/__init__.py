"""A lab VM: Linux with KVM inside QEMU's emulation, where experiments find SVM, tracefs and module parameters.

>>> from syslab.lab_vm.host import LabVm
>>> with LabVm() as lab:
...     reply = lab.ask("syslab.chapters.kvm.mp_state.ask:states", {}, timeout=20)

It is made of Debian's packages, without root, and kept in the user's cache folder as a snapshot in which a Python
waits. ``python -m syslab.lab_vm`` builds it ahead and prints times. Chapters do not use this: they ask
:mod:`syslab.evidence`. What experiments use inside is :mod:`syslab.lab_vm.inside`.
"""

from __future__ import annotations

from .errors import LabCorrupt, LabDied, LabError, LabHung, LabMissing
from .vm import LabVm, Reply

__all__ = ["LabCorrupt", "LabDied", "LabError", "LabHung", "LabMissing", "LabVm", "Reply"]
