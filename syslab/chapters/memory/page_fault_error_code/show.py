"""Tables of the chapter on the page-fault error code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from syslab.bits.page_fault import PFEC
from syslab.evidence import Answer, Evidence
from syslab.evidence.witnesses import called
from syslab.questions.access_combinations import ACCESSES, CONDITIONS, MODES
from syslab.questions.access_matrix import Tried
from syslab.show.heat import Heat, Said
from syslab.show.table import Column, Link, Table, Verdict

from .ask import AtBorder, Faulted
from .model import predict, read_of_nothing

PAGE_FAULT, GENERAL_PROTECTION = 14, 13


def _link(code: int) -> Link:
    """A code of a page fault, which opens in the toggler."""
    return Link(f"{code:#x}", f"#{PFEC.anchor}={code:#x}")


def _measured(row: Faulted) -> Link | str:
    code = row["error_code"]
    if code is None:
        return ""
    return _link(code) if row["vector"] == PAGE_FAULT else f"{row['exception']} {code:#x}"


def _predicted(row: Faulted) -> str:
    code = predict(row["access"], row["page"])
    return "no #PF" if code is None else f"{code:#x}"


def _held(row: Faulted) -> Verdict:
    code = predict(row["access"], row["page"])
    if code is None:
        return Verdict(row["vector"] != PAGE_FAULT)
    return Verdict((row["vector"], row["error_code"]) == (PAGE_FAULT, code))


def _signal(row: Faulted) -> str:
    return f"{row['signal']} {row['si_code']}"


def faults(answer: Answer[list[Faulted]]) -> Table:
    """Prediction beside measurement, for every access that was tried; the codes open the toggler."""
    columns: list[Column[Faulted]] = [
        Column("Access", lambda row: row["access"]),
        Column("To", lambda row: row["page"]),
        Column("Predicted", _predicted, number=True),
        Column("Measured", _measured, number=True),
        Column("Model", _held),
        Column("Signal", _signal),
    ]
    return Table(
        answer,
        columns,
        [row for row in answer.data if row["access"] != "execute"],
        heads=2,
        telling=(
            "read, NULL + 0x10",
            "write, read-only, never touched",
            "write, read-only, read before",
            "write, read-only, read before the fork",
            "read, PROT_NONE, read before",
            "fetch, data (NX), written before",
            "read, unused hole at the top",
            "read, non-canonical",
        ),
    )


def last_page(answer: Answer[list[AtBorder]]) -> Table:
    """What a read gives on both sides of the end of user space."""

    def predicted(row: AtBorder) -> int:
        address = int(row["address"], 16)
        return read_of_nothing(address, 4 if address < 1 << 47 else 5)

    columns: list[Column[AtBorder]] = [
        Column("A read of", lambda row: row["page"]),
        Column("At", lambda row: row["address"]),
        Column("Predicted", lambda row: f"{predicted(row):#x}", number=True),
        Column("Measured", _measured, number=True),
        Column("Model", lambda row: Verdict((row["vector"], row["error_code"]) == (PAGE_FAULT, predicted(row)))),
        Column("Signal", _signal),
    ]
    return Table(answer, columns)


def others(answer: Answer[list[Faulted]]) -> Table:
    """The exceptions that are not page faults."""
    columns: list[Column[Faulted]] = [
        Column("Instruction", lambda row: row["page"]),
        Column("Vector", lambda row: row["vector"], number=True),
        Column("Exception", lambda row: row["exception"]),
        Column("Error code", lambda row: f"{row['error_code']:#x}", number=True),
        Column("Signal", _signal),
    ]
    return Table(answer, columns, [row for row in answer.data if row["access"] == "execute"])


def sentences(answer: Answer[list[Faulted]]) -> Table:
    """Each code that came out, once, as a sentence."""
    codes = {code for row in answer.data if row["vector"] == PAGE_FAULT and (code := row["error_code"]) is not None}
    return Table(answer, [Column("Code", _link, number=True), Column("In words", PFEC.sentence)], sorted(codes))


HOST = {
    ("read", "NULL + 0x10"): "not present",
    ("write", "NULL + 0x10"): "not present",
    ("fetch", "NULL + 0x10"): "not present",
    ("write", "read-only, read before"): "user, read-only",
    ("fetch", "data (NX), written before"): "user, XD",
    ("read", "kernel text"): "supervisor, read-only",
    ("write", "kernel text"): "supervisor, read-only",
    ("fetch", "kernel text"): "supervisor, read-only",
    ("read", "non-canonical"): "first non-canonical address",
}
"""Which of this machine's own faults meets the same condition as one in the guest."""


class Opinion(NamedTuple):
    """An answer in one word, and the model's for the CPU that gave it."""

    answer: str
    model: str


Heard = dict[tuple[str, str, str], dict[str, Opinion]]
"""(condition, mode, access) -> witness -> what it said."""
SIX = [(mode, access) for mode, _ in MODES for access in ACCESSES]


def _short(row: Faulted | Tried) -> str:
    """An answer in one word."""
    if row["vector"] is None:
        return "ok" if row.get("tried", True) else "no answer"
    if row["vector"] == PAGE_FAULT:
        return f"{row['error_code']:#x}"
    return "#GP" if row["vector"] == GENERAL_PROTECTION else f"vector {row['vector']}"


def _model_of(row: Tried) -> str:
    """The model's answer as shown, made short like an answer."""
    if row["model"] == "allowed":
        return "ok"
    return "#GP" if row["model"].startswith("vector 13") else row["model"].removeprefix("#PF ").partition(" ")[0]


def _heard(truth: Sequence[Evidence[list[Tried]]], host: Answer[list[Faulted]]) -> Heard:
    heard: Heard = {}
    for answer in truth:
        for row in answer.data:
            said = heard.setdefault((row["condition"], row["mode"], row["access"]), {})
            said[row["witness"]] = Opinion(_short(row), _model_of(row))
    for own in host.data:
        condition = HOST.get((own["access"], own["page"]))
        if condition:
            said = heard.setdefault((condition, "user", own["access"]), {})
            model = next(iter(said.values())).model if said else _short(own)
            said["host"] = Opinion(_short(own), model)
    return heard


TINTS = {
    "ok": "the access is made",
    "P=0": "not present",
    "P=1": "present: its rights, or the guards",
    "RSVD": "a reserved bit",
    "PK": "a protection key",
    "other": "another exception, or no answer",
}
"""Kinds of outcome: the first has no tint."""
TELLING = (
    "not present",
    "supervisor, writable",
    "user, read-only",
    "user, XD",
    "reserved bit 51",
    "user, SMEP",
    "user, SMAP, AC=0",
    "first non-canonical address",
)
"""The conditions that the page speaks of, one of each kind."""


def _kind(answer: str) -> str:
    """The tint of an answer in one word."""
    if not answer.startswith("0x"):
        return "ok" if answer == "ok" else "other"
    names = PFEC.decode(int(answer, 16)).set_names
    return next((kind for kind in ("RSVD", "PK") if kind in names), "P=1" if "P" in names else "P=0")


def _told(answer: str, who: Sequence[str] = (), odd: bool = False) -> Said:
    link = _link(int(answer, 16)).href if answer.startswith("0x") else ""
    return Said(answer, _kind(answer), link, ", ".join(who), odd)


def _agreed(found: dict[str, Opinion]) -> Heat:
    """One value where all say the same and the model too; else who said what, the model where nobody says so."""
    if not found:
        return Heat(_told("not asked"))
    models = {said.model for said in found.values()}
    voices: dict[tuple[str, bool], list[str]] = {}
    for who, said in found.items():
        voices.setdefault((said.answer, said.answer != said.model), []).append(called(who, short=True))
    if len(voices) == 1 == len(models) and not any(odd for _, odd in voices):
        return Heat(_told(models.pop()))
    for model in sorted(models - {answer for answer, _ in voices}):
        voices[model, False] = ["the model"]
    return Heat(*(_told(answer, who, odd) for (answer, odd), who in voices.items()))


def witnesses(host: Answer[list[Faulted]], truth: Sequence[Evidence[list[Tried]]]) -> Table:
    """The whole truth table: model, guests and this machine in one, a value where they agree."""
    heard = _heard(truth, host)

    def cell(mode: str, access: str) -> Column[str]:
        return Column(f"{mode} {access}", lambda condition: _agreed(heard.get((condition, mode, access), {})))

    asked = [said for found in heard.values() for said in found.values()]
    differ = sum(said.answer != said.model for said in asked)
    caption = f"ok: the access is made. {len(asked)} answers, {differ} of them other than the model's, which are marked \u2260"
    columns: list[Column[str]] = [Column("Condition", str), *(cell(*way) for way in SIX)]
    return Table([truth, host], columns, list(CONDITIONS), caption, telling=TELLING, tints=TINTS)


class Disagreement(NamedTuple):
    """A witness and the model under a condition: in which of the six accesses they differ, and what each says there."""

    condition: str
    witness: str
    where: str
    said: list[Opinion]


def _differing(heard: Heard) -> Iterator[Disagreement]:
    for condition in CONDITIONS:
        ways = [(way, heard[condition, *way]) for way in SIX if (condition, *way) in heard]
        for who in dict.fromkeys(who for _, found in ways for who in found):
            said = {way: found[who] for way, found in ways if who in found}
            odd = {way: one for way, one in said.items() if one.answer != one.model}
            if odd:
                where = "all six" if len(odd) == len(SIX) else ", ".join(map(" ".join, odd))
                yield Disagreement(condition, called(who), where, list(odd.values()))


def _once(values: list[str]) -> str:
    return values[0] if len(set(values)) == 1 else " ".join(values)


def disagreements(host: Answer[list[Faulted]], truth: Sequence[Evidence[list[Tried]]]) -> Table:
    """Only the conditions in which a witness and the model differ, found by comparing."""
    columns: list[Column[Disagreement]] = [
        Column("Condition", lambda row: row.condition),
        Column("Witness", lambda row: row.witness),
        Column("Accesses", lambda row: row.where),
        Column("Model", lambda row: _once([one.model for one in row.said])),
        Column("It answered", lambda row: _once([one.answer for one in row.said])),
    ]
    nothing = Disagreement("none", "", "", [Opinion("", "")])
    return Table(
        [truth, host],
        columns,
        list(_differing(_heard(truth, host))) or [nothing],
        heads=2,
    )
