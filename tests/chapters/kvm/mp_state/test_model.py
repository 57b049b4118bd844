"""MP states and the interrupt command register: against kernel constants, and the model against itself."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from syslab.bits.apic import ICR, INIT, NMI, STARTUP, command
from syslab.chapters.kvm.mp_state import model

ORACLES = Path(__file__).parents[3] / "oracles"
KVM = json.loads((ORACLES / "linux_kvm.json").read_text())["constants"]
# arch/x86/include/asm/apicdef.h, the same in every Linux that this book reads
APICDEF = {
    "APIC_VECTOR_MASK": 0xFF, "APIC_DEST_LOGICAL": 0x800, "APIC_INT_ASSERT": 0x4000, "APIC_INT_LEVELTRIG": 0x8000,
    "APIC_DM_FIXED": 0x000, "APIC_DM_LOWEST": 0x100, "APIC_DM_SMI": 0x200, "APIC_DM_NMI": 0x400, "APIC_DM_INIT": 0x500,
    "APIC_DM_STARTUP": 0x600, "APIC_DEST_SELF": 0x40000, "APIC_DEST_ALLINC": 0x80000, "APIC_DEST_ALLBUT": 0xC0000,
}  # fmt: skip


@pytest.mark.parametrize("version", KVM)
def test_every_state_of_the_kernel_is_here(version: str) -> None:
    assert {state.constant: state.number for state in model.STATES} == KVM[version]["kvm_mp_state"]


# Documentation/virt/kvm/api.rst, KVM_GET_MP_STATE, Linux 7.2.13: for whom a state is, and what its line says
DOCUMENTED = {
    "RUNNABLE": (("x86", "arm64", "riscv", "loongarch"), "run"),
    "UNINITIALIZED": (("x86",), "INIT"),  # an AP that has not yet received it
    "INIT_RECEIVED": (("x86",), "SIPI"),  # ready for it
    "HALTED": (("x86",), "HLT"),
    "SIPI_RECEIVED": (("x86",), ""),  # "has just received a SIPI"; here: what was seen of it
    "STOPPED": (("s390", "arm64", "riscv"), "not on x86"),
    "CHECK_STOP": (("s390",), "not on x86"),
    "OPERATING": (("s390",), "not on x86"),
    "LOAD": (("s390",), "not on x86"),
    "SUSPENDED": (("arm64",), "not on x86"),
}


def test_the_documentation_says_the_same_of_each_state() -> None:
    for state in model.STATES:
        who, word = DOCUMENTED.get(
            state.name, (None, "SEV-ES")
        )  # AP_RESET_HOLD is not in the table; section KVM_EXIT_AP_RESET_HOLD
        assert state.documented == who, state.name
        assert word in state.meaning, state.name
        assert (state.meaning == "not on x86") == ("x86" not in (who or ("x86",)))
    waits = {state.name: state.meaning for state in model.STATES if "waits for" in state.meaning}
    assert set(waits) == {"UNINITIALIZED", "INIT_RECEIVED", "HALTED"}
    assert "SIPI" not in waits["UNINITIALIZED"] and "INIT" not in waits["INIT_RECEIVED"]


def test_the_model_never_leaves_its_states() -> None:
    for state, event, irqchip, vcpu in product(model.READABLE, model.EVENTS, (False, True), (0, 1)):
        step = model.step(state, event, irqchip, vcpu)
        assert (step is None) == ((event, state) in model.UNTRIED)
        if step:
            assert step.state in model.READABLE
            assert step.result not in ("EINVAL", "#GP") or step.state == state, "refused, and yet changed"


def test_an_ap_needs_init_and_then_sipi() -> None:
    def end(*events: str) -> int:
        state = model.start(irqchip=True, vcpu=1)
        for event in events:
            step = model.step(state, event, irqchip=True, vcpu=1)
            assert step
            state = step.state
        return state

    assert end("init", "sipi", "hlt", "nmi") == model.RUNNABLE
    assert end("sipi") == end("hlt") == model.UNINITIALIZED
    assert end("init", "hlt", "init") == model.INIT_RECEIVED
    assert end("init", "sipi", "sipi") == model.RUNNABLE
    assert end("set-4") == model.RUNNABLE


def test_unknown_words() -> None:
    with pytest.raises(ValueError, match="no event 'jump'"):
        model.step(0, "jump", True, 0)
    with pytest.raises(ValueError, match="no state to be in: 4"):
        model.step(4, "init", True, 0)
    assert (model.name(2), model.name(11)) == ("INIT_RECEIVED", "no state")


def test_icr_against_the_kernels_constants() -> None:
    flags = {
        name: field.mask
        for field in ICR.fields
        for name in field.linux
        if not name.startswith(("APIC_DEST_S", "APIC_DEST_A", "APIC_DM"))
    }
    assert flags == {name: APICDEF[name] for name in flags}
    mode, shorthand = ICR.field("MODE"), ICR.field("SHORT")
    names = {"fixed": "FIXED", "lowest priority": "LOWEST", "SMI": "SMI", "NMI": "NMI", "INIT": "INIT", "SIPI": "STARTUP"}
    assert {f"APIC_DM_{names[text]}": own << mode.bit for own, text in mode.values.items() if text in names} == {
        name: value for name, value in APICDEF.items() if name.startswith("APIC_DM_")
    }
    assert [own << shorthand.bit for own in (1, 2, 3)] == [APICDEF[name] for name in shorthand.linux]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (command(INIT, 1), "INIT, to local APIC 1."),
        (command(STARTUP, 1, 8), "SIPI with vector 0x8, to local APIC 1."),
        (command(NMI, 255), "NMI, to local APIC 255."),
        (0xC4500, "INIT, to all but the sender."),
        (0x1_0000_8500, "INIT, to local APIC 1; level de-assert, which does nothing on later CPUs."),
        (0x40031, "Interrupt 0x31, to the sender itself."),
        (0x2_0000_0831, "Interrupt 0x31, to logical destination 2."),
        (0x700, "A reserved delivery mode, to local APIC 0."),
    ],
)
def test_icr_sentences(value: int, words: str) -> None:
    assert ICR.sentence(value) == words


def test_what_the_kernel_writes_to_start_a_cpu() -> None:
    assert command(INIT, 1) == 1 << 32 | APICDEF["APIC_DM_INIT"] | APICDEF["APIC_INT_ASSERT"]
    assert command(STARTUP, 3, 0x9A) == 0x3_0000_469A
