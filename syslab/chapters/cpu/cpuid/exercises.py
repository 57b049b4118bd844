"""Exercises of the chapter on CPUID."""

from __future__ import annotations

from typing import Any

from syslab.bits.cpuid import REGISTERS, Register, layouts
from syslab.bits.cpuid.extended_sizes import CPUID_80000008_EAX
from syslab.evidence import CannotRunHere, ExperimentFailed, ask
from syslab.native.cpuid import Leaf
from syslab.widgets.exercise import Exercise, Feedback, Trial

from .ask import TRIES, linear_bits, read, tries

signature = Exercise(
    anchor="cpuid-signature",
    question="Leaf 1 EAX is 0x00A10F11. Which family and model does /proc/cpuinfo show? Answer as two decimal numbers, family first.",
    accepts=("25 17", "25, 17", "25/17", "0x19 0x11"),
    why="The base family is 0xf, so the extended family 0xa is added: 25. The extended model 1 becomes the upper digit: 0x11, which is 17.",
    near={
        "15 1": "Those are the base family and model. With family 15 the extended parts count too.",
        "15 17": "The model is right. The extended family is added to the base family.",
        "25 1": "The family is right. The extended model goes in front of the model, as the upper hex digit.",
        "25 11": "You read 0x11 as decimal: /proc/cpuinfo shows the model in decimal.",
        "19 11": "Right in hex. /proc/cpuinfo shows both in decimal.",
        "10 17": "The extended family is added to the base family, it does not replace it.",
        "175 17": "The extended family is added to the base family, not put in front of it.",
    },
    hint="From the low end, digit by digit: stepping 1, model 1, family 0xf, type 0, extended model 1, extended family 0x0a.",
)

register_and_bit = Exercise(
    anchor="cpuid-register",
    question="A program must know whether the CPU has FRED. It has executed CPUID with EAX = 7 and ECX = 1. Where does it look?",
    choices=("EAX bit 17", "EAX bit 6", "ECX bit 16", "EBX bit 7"),
    accepts=("EAX bit 17",),
    why="Subleaf 1 of leaf 7 goes on with features in EAX: bit 6 is LASS, 17 FRED, 26 LAM.",
    near={
        "EAX bit 6": "That is LASS, in the same register.",
        "ECX bit 16": "In subleaf 0 that is LA57. The program asked for subleaf 1.",
        "EBX bit 7": "In subleaf 0 that is SMEP. The program asked for subleaf 1.",
    },
)


LINEAR = CPUID_80000008_EAX.field("LinAddrSize").title


def _field(answer: Any) -> tuple[int, int, Register, int, int]:
    leaf, subleaf, register, bits = (answer[key] for key in ("leaf", "subleaf", "register", "bits"))
    name = next((name for name in REGISTERS if name == str(register).lower()), None)
    if name is None:
        raise ValueError(f"register is one of {', '.join(REGISTERS)}, not {register!r}")
    high, _, low = str(bits).partition(":")
    if not 0 <= int(low or high) <= int(high) <= 31:
        raise ValueError(f"bits are written high:low, at most 31:0, not {bits!r}")
    return leaf, subleaf, name, int(high), int(low or high)


def _linear(answer: Any) -> Feedback:
    try:
        leaf, subleaf, register, high, low = _field(answer)
        row = ask(read, leaf=leaf, subleaf=subleaf).data
        wanted = linear_bits()
    except KeyError as missing:
        return Feedback(False, f"The answer has no {missing}.")
    except CannotRunHere as reason:
        return Feedback(False, str(reason))
    except (ExperimentFailed, TypeError, ValueError, OSError) as error:
        return Feedback(False, f"That could not be run: {error}")
    return _judged(row, wanted, register, high, low)


def _judged(row: Leaf, wanted: int, register: Register, high: int, low: int) -> Feedback:
    value = row[register] >> low & (1 << high - low + 1) - 1
    said = f"{register.upper()} is {row[register]:#010x} here, and bits {high}:{low} of it are {value}.\n"
    if value != wanted:
        return Feedback(False, f"{said}/proc/cpuinfo says {wanted}.")
    known = layouts(row["leaf"], row["subleaf"]).get(register)
    fields = known.fields if known else ()
    title = next((f.title for f in fields if f.mask == (2 << high) - (1 << low)), "not a field by itself")
    if title != LINEAR:
        return Feedback(False, f"{said}/proc/cpuinfo says {wanted} too, but by chance. What you read is: {title}.")
    return Feedback(True, f"{said}/proc/cpuinfo says the same.")


def _tried(answer: dict[str, Any]) -> Feedback:
    place = TRIES.index((answer["leaf"], answer["subleaf"], answer["register"], answer["bits"]))
    row = ask(tries).data[place]
    _, _, register, high, low = _field(answer)
    return _judged(row, row["linear"], register, high, low)


linear_address = Trial(
    anchor="cpuid-linear-address",
    question="Where does the CPU say how many bits a linear address has?",
    judge=_linear,
    wrong=(
        {"leaf": 0x80000008, "subleaf": 0, "register": "eax", "bits": "7:0"},
        {"leaf": 7, "subleaf": 0, "register": "ecx", "bits": "16:16"},
        {"leaf": 0x80000008, "subleaf": 0, "register": "rax", "bits": "15:8"},
        {"leaf": 0x80000008, "register": "eax", "bits": "15:8"},
        {"leaf": 1 << 32, "subleaf": 0, "register": "eax", "bits": "15:8"},
        "0x80000008",
    ),
    choices={
        f"leaf {leaf:#x}, subleaf {subleaf}, {register.upper()}, bits {bits}": {
            "leaf": leaf,
            "subleaf": subleaf,
            "register": register,
            "bits": bits,
        }
        for leaf, subleaf, register, bits in TRIES
    },
    outcome=_tried,
)
