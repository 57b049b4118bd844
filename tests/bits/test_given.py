"""What is no argument of a function is refused by name: what was wrong, and what is expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from syslab.bits import address, apic, get, ioctl_names, kvm_requests, memory_type, paging
from syslab.bits.cpuid import whole
from syslab.chapters.files.bool_size import model as struct_layout
from syslab.chapters.files.links import model as link_model
from syslab.chapters.files.ntfs_links import model as reparse
from syslab.chapters.kvm.first_vm import tiny_x86
from syslab.chapters.kvm.mp_state import model as mp_state
from syslab.chapters.kvm.single_step import model as monitor_trap
from syslab.chapters.kvm.supported_cpuid.model import compare
from syslab.chapters.kvm.vm_exits import exit_reasons, intercepts
from syslab.chapters.kvm.vm_exits import model as cr_mask
from syslab.chapters.processes.cron import firings
from syslab.chapters.processes.cron import model as crontab

LINE, START, PAT = crontab.parse("0 3 * * * x"), datetime(2026, 1, 1), memory_type.POWER_ON
WRONG: list[tuple[Callable[..., Any], tuple[Any, ...], type[Exception], str]] = [
    (memory_type.memory_type, (PAT, -1), ValueError, "an index into the PAT is 0 to 7, not -1"),
    (memory_type.memory_type, (PAT, 8), ValueError, "an index into the PAT is 0 to 7, not 8"),
    (memory_type.memory_type, (PAT, "0"), TypeError, "an index into the PAT is an int, not str '0'"),
    (memory_type.memory_type, (PAT, True), TypeError, "an index into the PAT is an int, not bool True"),
    (memory_type.memory_type, (1 << 64, 0), ValueError, "64 bits wide"),
    (memory_type.memory_type, ("0x6", 0), TypeError, "takes an int, not str"),
    (memory_type.index, (get("pte"), "0x15"), TypeError, "takes an int, not str"),
    (memory_type.index, (get("pte"), -1), ValueError, "64 bits wide"),
    (exit_reasons.find, ("vmx", 48), ValueError, "vendor 'vmx' is none of VMX, SVM"),
    (exit_reasons.find, (["VMX"], 48), ValueError, "is none of VMX, SVM"),
    (exit_reasons.find, ("VMX", "48"), TypeError, "an exit reason is an int, not str '48'"),
    (exit_reasons.find, ("VMX", 5000), KeyError, "VMX has no exit reason 5000"),
    (exit_reasons.named, ("intel", exit_reasons.VERSIONS[0]), ValueError, "vendor 'intel' is none of VMX, SVM"),
    (exit_reasons.named, ("VMX", 6.1), ValueError, "kernel 6.1 was not read"),
    (crontab.parse, (1,), TypeError, "a line of a crontab is text, not int 1"),
    (crontab.parse, (b"0 3 * * * x",), TypeError, "a line of a crontab is text, not bytes"),
    (crontab.field_values, (-1, "1"), ValueError, "the number of a field is 0 to 4, not -1"),
    (crontab.field_values, (5, "1"), ValueError, "the number of a field is 0 to 4, not 5"),
    (crontab.field_values, (0, 5), TypeError, "minute is text, not int 5"),
    (crontab.split_percent, (None,), TypeError, "the rest of a line is text, not NoneType"),
    (crontab.shell_words, (["ls"],), TypeError, "a command is text, not list"),
    (firings.firings, ("0 3 * * * x", "UTC", START), TypeError, "a line is what parse() returns, not str"),
    (firings.firings, (LINE, "UTC", 1), TypeError, "a start is a datetime, not int 1"),
    (firings.firings, (LINE, 1, START), ValueError, "zone 1 is none of UTC"),
    (firings.firings, (LINE, "UTC", START, -1), ValueError, "the count of firings is 0 to 1000, not -1"),
    (firings.firings, (LINE, "UTC", START, "6"), TypeError, "the count of firings is an int, not str"),
    (firings.firings, (LINE, "UTC", START.replace(tzinfo=UTC)), ValueError, "is no time on a clock"),
    (struct_layout.parse, (1,), TypeError, "a declaration is text, not int 1"),
    (struct_layout.lay_out, (None,), TypeError, "a declaration is text, not NoneType"),
    (reparse.encode, ("junction", 1), TypeError, "a target is text, not int 1"),
    (reparse.encode, (1, "C:\\x"), ValueError, "1"),
    (reparse.substitute, ("junction", b"C:\\x"), TypeError, "a target is text, not bytes"),
    (reparse.decode, ("00",), TypeError, "a buffer is bytes, not str '00'"),
    (reparse.read_hex, (b"00",), TypeError, "a buffer in hex is text, not bytes"),
    (address.canonical, ("0x1",), TypeError, "an address is an int, not str '0x1'"),
    (address.walk, (1 << 64,), ValueError, "an address has 64 bits"),
    (address.half, (1, 3), ValueError, "page tables have 4 or 5 levels, not 3"),
    (address.hole, ("4",), ValueError, "page tables have 4 or 5 levels, not '4'"),
    (address.from_walk, ([1, 2, 3, 512],), ValueError, "an index is 0 to 511, not 512"),
    (address.from_walk, ([1, 2, 3, "4"],), TypeError, "an index is an int, not str"),
    (address.from_walk, ([1, 2, 3, 4], 4096), ValueError, "the offset is 0 to 4095, not 4096"),
    (apic.command, ("INIT", 1), TypeError, "MODE takes an int, not str"),
    (apic.command, (8, 1), ValueError, "MODE is 3 bit(s) wide; 8"),
    (compare, (get("cr4"), 1, None), TypeError, "takes an int, not NoneType"),
    (cr_mask.guest_reads, ("1", 0, 0), TypeError, "a control register is an int, not str '1'"),
    (cr_mask.guest_reads, (1 << 64, 0, 0), ValueError, "does not fit into 64 bits"),
    (cr_mask.refused, (cr_mask.MOV_CR0, 0, 0, 1.0), TypeError, "a control register is an int, not float 1.0"),
    (cr_mask.io_bitmap, ("0x3f8",), TypeError, "a port is an int, not str"),
    (cr_mask.io_bitmap, (0x10000,), ValueError, "a port is 0 to 65535, not 65536"),
    (intercepts.expected, ("no-such", True), ValueError, "case 'no-such' is none of "),
    (ioctl_names.ioc, ("1", 0, 0), TypeError, "the direction of a request is an int, not str '1'"),
    (ioctl_names.ioc, (4, 0, 0), ValueError, "the direction of a request has 2 bits; 4 does not fit"),
    (ioctl_names.name_of, ("0x5413",), TypeError, "a request is an int, not str '0x5413'"),
    (kvm_requests.constants, (6.1,), ValueError, "requests of Linux 6.1 are not known here"),
    (kvm_requests.changes, ("6.1", None), ValueError, "requests of Linux None are not known here"),
    (link_model.parse, (1,), TypeError, "a call is text, not int 1"),
    (link_model.run, ([None],), TypeError, "a call is text, not NoneType"),
    (link_model.token, (1,), TypeError, "an operand is text, not int 1"),
    (monitor_trap.stops, ([1],), ValueError, "an instruction is one of"),
    (mp_state.step, ("0", "init", True, 0), ValueError, "no state to be in: '0'"),
    (mp_state.step, (0, "boot", True, 0), ValueError, "no event 'boot'"),
    (paging.pte, (6.1,), ValueError, "Linux 6.1 is not among the versions known here"),
    (tiny_x86.run, ("f4",), TypeError, "code is bytes, not str 'f4'"),
    (whole.family_model_stepping, ("1",), TypeError, "takes an int, not str"),
]


@pytest.mark.parametrize(("function", "arguments", "error", "words"), WRONG)
def test_what_is_no_argument(function: Callable[..., Any], arguments: tuple[Any, ...], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        result = function(*arguments)
        list(result)  # a generator has not begun
