"""Request numbers against the kernel's headers, Python's termios, the KVM library of this book, and the macros."""

from __future__ import annotations

import fcntl
import json
import re
import termios
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syslab.bits import get
from syslab.bits.bare import as_logged
from syslab.bits.ioctl_names import ALSO_CALLED, BY_NAME, KVM, REQUESTS, TERMINAL, TTY, ioc, name_of, names
from syslab.bits.ioctl_request import IOC
from syslab.kvm import ioctls

HEADERS = json.loads((Path(__file__).parents[1] / "oracles" / "linux_ioctl.json").read_text())["constants"]["6.1.187"]
ASM_GENERIC = Path("/usr/include/asm-generic/ioctls.h")


def test_every_terminal_request_of_the_header_and_no_other() -> None:
    assert {request.name: hex(request.number) for request in TERMINAL} == {n: hex(v) for n, v in HEADERS["tty"].items()}


def test_every_kvm_request_of_the_library_has_the_headers_number() -> None:
    mine = {request.name: hex(request.number) for request in KVM}
    assert mine == {n: hex(v) for n, v in HEADERS["kvm"].items()}
    assert mine == {name: hex(ioctl.number) for name, ioctl in ioctls.ALL.items()}


def test_pythons_own_constants_agree() -> None:
    same = [name for name in BY_NAME if hasattr(termios, name)]
    assert len(same) > 30
    assert {name: getattr(termios, name) for name in same} == {name: BY_NAME[name].number for name in same}
    assert not hasattr(fcntl, "TIOCGWINSZ"), "the chapter says they are in termios"


@pytest.mark.skipif(not ASM_GENERIC.exists(), reason="the kernel's headers are not installed")
def test_how_the_header_writes_them() -> None:
    """``plain`` is a plain number there; a macro's direction, type and nr are those of the number."""
    text = ASM_GENERIC.read_text()
    for request in TERMINAL:
        found = re.search(rf"^\s*#\s*define {request.name}\s+(\S.*?)\s*(?:/\*|$)", text, re.MULTILINE)
        if not found:
            continue  # a newer or older header
        if request.plain:
            assert found[1] == "FIONREAD" or int(found[1], 16) == request.number
        else:
            macro, nr = re.match(r"(_IO\w*)\('T', (0x\w+)", found[1]).groups()  # type: ignore[union-attr]
            assert request.built.startswith(f"{macro}('T', {int(nr, 16):#04x}")


def test_names() -> None:
    assert name_of(0x5413) == "TIOCGWINSZ"
    assert name_of(0x541B) == "FIONREAD"
    assert name_of(0x4008AE90) == "KVM_SET_CPUID2"
    assert name_of(0xDEAD) == ""
    assert len(names()) == len(REQUESTS) - len(ALSO_CALLED)
    assert all(BY_NAME[other].number == BY_NAME[first].number for other, first in ALSO_CALLED.items())
    assert all(request.purpose and not request.purpose.endswith(".") for request in REQUESTS)


def test_as_the_header_writes_them() -> None:
    assert BY_NAME["KVM_SET_CPUID2"].built == "_IOW(0xae, 0x90, 8 bytes)"
    assert BY_NAME["KVM_RUN"].built == "_IO(0xae, 0x80)"
    assert BY_NAME["TIOCGPTN"].built == "_IOR('T', 0x30, 4 bytes)"
    assert BY_NAME["TIOCGWINSZ"].built == "0x5413, as it is"


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: r.name)
def test_every_request_is_taken_apart_and_built_again(request_: object) -> None:
    number = request_.number  # type: ignore[attr-defined]
    parts = IOC.decode(number).fields
    assert IOC.encode(**parts) == ioc(parts["DIR"], parts["TYPE"], parts["NR"], parts["SIZE"]) == number
    assert IOC.sentence(number).startswith(f"{name_of(number)}: request {hex(parts['NR'])} of type ")


@given(st.integers(0, (1 << 32) - 1))
def test_every_number_is_taken_apart_and_built_again(number: int) -> None:
    decoded = IOC.decode(number)
    assert IOC.encode(**decoded.fields) == number
    assert not decoded.reserved
    assert "{" not in decoded.sentence.replace("'{'", "") and decoded.sentence.endswith(".")


@given(st.integers(0, 3), st.integers(0, 255), st.integers(0, 255), st.integers(0, 0x3FFF))
def test_the_parts_of_the_kvm_library_are_those_of_the_layout(direction: int, kind: int, nr: int, size: int) -> None:
    number = ioc(direction, kind, nr, size)
    other = ioctls.Ioctl("", number)
    fields = IOC.decode(number).fields
    assert (other.kind, other.nr, other.size) == (fields["TYPE"], fields["NR"], fields["SIZE"]) == (kind, nr, size)
    assert other.direction == ("none", "write", "read", "read+write")[fields["DIR"]]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (
            0x5413,
            "TIOCGWINSZ: request 0x13 of type 'T' (0x54). The number has neither direction nor size, as with most terminal requests.",
        ),
        (0xAE80, "KVM_RUN: request 0x80 of type 0xae (KVM), made by _IO: the argument is a number, or there is none."),
        (0x8090AE81, "KVM_GET_REGS: request 0x81 of type 0xae (KVM), made by _IOR: as it says, the kernel fills 144 bytes for us."),
        (
            0x4008AE90,
            "KVM_SET_CPUID2: request 0x90 of type 0xae (KVM), made by _IOW: as it says, the kernel reads 8 bytes from us. "
            "These are a header, and the array that it counts follows.",
        ),
        (0xC0046B01, "request 0x1 of type 'k' (0x6b), made by _IOWR: as it says, the kernel reads 4 bytes and fills them."),
        (0x00080001, "request 0x1 of type 0x0, with a size of 8 and no direction: none of the macros makes that."),
    ],
)
def test_sentences(number: int, sentence: str) -> None:
    assert IOC.sentence(number) == sentence


def test_a_header_with_an_array_behind_it_is_called_one() -> None:
    """struct kvm_cpuid2, kvm_msrs and kvm_signal_mask of linux/kvm.h and asm/kvm.h (6.1) end with __DECLARE_FLEX_ARRAY."""
    arrays = {"CPUID2": 8, "SUPPORTED_CPUID": 8, "EMULATED_CPUID": 8, "MSRS": 8, "SIGNAL_MASK": 4}
    for request in KVM:
        ends = next((size for name, size in arrays.items() if request.name.split("T_", 1)[-1] == name), 0)
        assert ("array that it counts" in IOC.sentence(request.number)) == bool(ends), request.name
        assert ("the array after them" in request.argument) == bool(ends), request.name
        assert not ends or request.number >> 16 & 0x3FFF == ends


@pytest.mark.parametrize(
    "number",
    [
        *(0x8912, 0x8913, 0x8927, 0x8933, 0x8946),  # linux/sockios.h: plain numbers, with a pointer to a struct ifreq or ifconf
        *(0x301, 0x5603, 0x4B44, 0x4C03, 0x2285),  # HDIO_GETGEO, VT_GETSTATE, KDGKBMODE, LOOP_GET_STATUS, SG_IO
        *(0x1260, 0x1268, 0x1),  # BLKGETSIZE, BLKSSZGET, FIBMAP of linux/fs.h: _IO, with a pointer
    ],
)
def test_a_number_without_parts_does_not_say_what_the_argument_is(number: int) -> None:
    assert IOC.sentence(number).endswith("It does not say what the argument is.")


def test_requests_that_are_not_what_their_number_says() -> None:
    """linux/if_tun.h: TUNSETIFF is _IOW('T', 202, int) and takes a struct ifreq; linux/fs.h: FICLONE takes a descriptor."""
    assert ioc(1, ord("T"), 202, 4) == 0x400454CA and "TUNSETIFF" in IOC.sentence(0x400454CA)
    assert ioc(1, 0x94, 9, 4) == 0x40049409 and "FICLONE" in IOC.sentence(0x40049409)
    # Documentation/userspace-api/ioctl/ioctl-number.rst, 6.12: 0xAE 20-3F linux/nitro_enclaves.h
    assert "Nitro Enclaves" in IOC.sentence(0x8008AE20) and "Nitro" in IOC.sentence(0xAE3F)
    assert "Nitro" not in IOC.sentence(0xAE40) + IOC.sentence(0xAE1F)


def test_the_one_number_that_says_something_else() -> None:
    assert "takes the argument for a signal's number" in IOC.sentence(0x40045436)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0x5413", 0x5413),
        ("21523", 0x5413),
        ("ioctl(3, 0x8090ae81, 0x7ffd)", 0x8090AE81),
        ("ioctl(0</dev/pts/1>, 0x5401, 0x7ffd)", 0x5401),
        ("drm: cmd=0xc0106407", 0xC0106407),
    ],
)
def test_reading(text: str, number: int) -> None:
    assert IOC.read(text).value == number


@pytest.mark.parametrize(
    ("text", "reason"), [("TIOCGWINSZ", "cannot read"), ("0x100005413", "32 bits wide"), ("", "nothing to read")]
)
def test_what_is_no_number_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        IOC.read(text)


@pytest.mark.parametrize("part", [(4, 0, 0, 0), (0, 256, 0, 0), (0, 0, -1, 0), (0, 0, 0, 0x4000)])
def test_parts_that_do_not_fit(part: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        ioc(*part)


def test_it_is_in_the_registry() -> None:
    assert get("ioc") is as_logged(IOC)
    assert all(IOC.decode(number).fields["TYPE"] in (TTY, 0xAE) for _, number in IOC.examples)
