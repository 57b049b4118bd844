"""The statistics that KVM keeps of a VM or a vCPU, through the file that KVM_GET_STATS_FD opens.

The file describes itself: a header, a descriptor for each statistic with its name, then the numbers. Source:
Documentation/virt/kvm/api.rst, "KVM_GET_STATS_FD", Linux 6.1.
"""

from __future__ import annotations

import ctypes
import os
import struct

from .ioctls import KVM_GET_STATS_FD, call
from .structs import kvm_stats_desc, kvm_stats_header


def read(fd: int) -> dict[str, int]:
    """Name and number of each statistic of the VM or vCPU ``fd`` that is one number; histograms are left out."""
    file = call(fd, KVM_GET_STATS_FD)
    try:
        header = kvm_stats_header.from_buffer_copy(os.pread(file, ctypes.sizeof(kvm_stats_header), 0))
        found = [_statistic(file, header, number) for number in range(header.num_desc)]
        return {name: numbers[0] for name, numbers in found if len(numbers) == 1}
    finally:
        os.close(file)


def _statistic(file: int, header: kvm_stats_header, number: int) -> tuple[str, tuple[int, ...]]:
    size = ctypes.sizeof(kvm_stats_desc) + header.name_size
    told = os.pread(file, size, header.desc_offset + number * size)
    description = kvm_stats_desc.from_buffer_copy(told)
    name = told[ctypes.sizeof(kvm_stats_desc) :].split(b"\0")[0].decode()
    words = os.pread(file, 8 * description.size, header.data_offset + description.offset)
    return name, struct.unpack(f"<{description.size}Q", words)
