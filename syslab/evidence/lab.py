"""The lab VM's step of asking: whether an experiment may go there, and what came back as evidence."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from .bounded import ExperimentFailed, ExperimentTimeout, Result
from .experiment import Experiment
from .needs import LAB_VM, X86_64, Need
from .provenance import Provenance

WITNESS = "kvm-svm-tcg"  # KVM on SVM, which QEMU's TCG emulates: of Linux 6.1 in QEMU 7.2, of which the text speaks
_VERSIONS = ("6.1", "7.2")


class NotInLab(RuntimeError):
    """The lab VM cannot answer; ``missing`` has the needs that are not met, as :meth:`.Experiment.missing` has them."""

    def __init__(self, missing: list[tuple[Need, str]]) -> None:
        super().__init__("; ".join(f"{need.name}: {why}" for need, why in missing))
        self.missing = missing


def possible(experiment: Experiment[Any]) -> bool:
    """Whether it is declared to run in the lab VM."""
    return experiment.lab or LAB_VM in experiment.needs


def run(experiment: Experiment[Any], arguments: dict[str, Any] | None = None) -> tuple[Result, Provenance]:
    """Run ``experiment`` in a fresh lab VM, bounded; its data, and the provenance made inside.

    Raises :class:`NotInLab`, and :class:`.ExperimentTimeout` or :class:`.ExperimentFailed` with the rows until then.
    Whatever ends this process, the kernel ends QEMU with it.
    """
    if elsewhere := X86_64.missing():
        raise NotInLab([(X86_64, elsewhere)])
    from syslab.lab_vm.host import LabCorrupt, LabDied, LabHung, LabMissing, LabVm

    try:
        with LabVm() as lab:
            reply = lab.ask(experiment.target, arguments, experiment.timeout)
            seconds = lab.restored + reply.seconds
    except LabMissing as missing:
        raise NotInLab([(Need("the lab VM", lambda: None, missing.helps), missing.why)]) from None
    except LabCorrupt as corrupt:
        raise NotInLab([(Need("the lab VM", lambda: None, "python -m syslab.lab_vm --update"), str(corrupt))]) from None
    except LabHung as hung:
        raise ExperimentTimeout(f"{experiment.name} in the lab VM: {hung}", hung.rows) from None
    except LabDied as died:
        raise ExperimentFailed(f"{experiment.name} in the lab VM: {died}", died.rows) from None
    if reply.missing:
        raise NotInLab([(Need(f"{name} in the lab VM", lambda: None), why) for name, why in reply.missing])
    if reply.timeout is not None:
        raise ExperimentTimeout(f"{experiment.name} took longer than {reply.timeout:g} s in the lab VM", reply.rows)
    if reply.error:
        error = reply.error
        said = f"; it printed: {reply.output.strip()[-400:]}" if reply.output.strip() else ""
        text = f"{experiment.name} in the lab VM: {error['type']}: {error['text']}{said}"
        raise ExperimentFailed(text, reply.rows) from RuntimeError(error["trace"])
    if not reply.provenance:
        raise ExperimentFailed(f"{experiment.name} came back from the lab VM without provenance", reply.rows)
    about = Provenance(**{**reply.provenance, "seconds": round(seconds, 3)})
    return Result(reply.data, seconds), replace(about, witness=witness(about))


def witness(about: Provenance) -> str:
    """Who answered in there. Another kernel or QEMU is another machine, such as ``kvm-svm-tcg-linux6-12-qemu10-0``.

    Without dots: a witness is also a word in the links to widgets.
    """
    if about.witness not in ("host", WITNESS):
        return about.witness
    told = (about.kernel, about.tools.get("qemu-system-x86_64", ""))
    kernel, qemu = (found[0] if (found := re.search(r"\d+\.\d+", text)) else "unknown" for text in told)
    return WITNESS if (kernel, qemu) == _VERSIONS else f"{WITNESS}-linux{kernel}-qemu{qemu}".replace(".", "-")


def is_other(about: Provenance) -> bool:
    """Whether a lab VM answered of which the text does not speak."""
    return about.witness.startswith(f"{WITNESS}-")
