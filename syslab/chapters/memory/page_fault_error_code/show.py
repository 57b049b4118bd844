"""Tables of the chapter on the page-fault error code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from syslab.bits.page_fault import PFEC
from syslab.evidence import Answer, Evidence
from syslab.evidence.witnesses import called
from syslab.questions.access_combinations import ACCESSES, CONDITIONS, MODES
from syslab.show.table import Column, Link, Table, Verdict

from .ask import predict


def _code(row: dict[str, Any]) -> Any:
    """The measured code; for a page fault, a link that opens it in the toggler."""
    if row["error_code"] is None:
        return ""
    text = f"{row['error_code']:#x}"
    return Link(text, f"#{PFEC.anchor}={text}") if row["vector"] == 14 else f"{row['exception']} {text}"


def _model(row: dict[str, Any]) -> str:
    code = predict(row["access"], row["page"])
    return "no #PF" if code is None else f"{code:#x}"


def _held(row: dict[str, Any]) -> Verdict:
    code = predict(row["access"], row["page"])
    return Verdict(row["vector"] != 14 if code is None else (row["vector"], row["error_code"]) == (14, code))


def faults(answer: Answer) -> Table:
    """Prediction beside measurement, for every access that was tried; the codes open the toggler."""
    rows = [row for row in answer.data if row["access"] != "execute"]
    columns = [
        Column("Access", "access"),
        Column("To", "page"),
        Column("Predicted", _model, number=True),
        Column("Measured", _code, number=True),
        Column("Model", _held),
        Column("Signal", lambda row: f"{row['signal']} {row['si_code']}"),
    ]
    return Table(answer, columns, rows)


def others(answer: Answer) -> Table:
    """The exceptions that are not page faults."""
    rows = [row for row in answer.data if row["access"] == "execute"]
    columns = [
        Column("Instruction", "page"),
        Column("Vector", "vector", number=True),
        Column("Exception", "exception"),
        Column("Error code", lambda row: f"{row['error_code']:#x}", number=True),
        Column("Signal", lambda row: f"{row['signal']} {row['si_code']}"),
    ]
    return Table(answer, columns, rows)


def sentences(answer: Answer) -> Table:
    """Each code that came out, once, as a sentence."""
    codes = sorted({row["error_code"] for row in answer.data if row["vector"] == 14})
    rows = [{"vector": 14, "error_code": code, "sentence": PFEC.sentence(code)} for code in codes]
    return Table(answer, [Column("Code", _code, number=True), Column("In words", "sentence")], rows)


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
Key = tuple[str, str, str]


def _short(row: dict[str, Any]) -> str:
    """An answer in one word."""
    if row["vector"] is None:
        return "ok" if row.get("tried", True) else "no answer"
    return f"{row['error_code']:#x}" if row["vector"] == 14 else {13: "#GP"}.get(row["vector"], f"vector {row['vector']}")


def _model_of(row: dict[str, Any]) -> str:
    """The model's answer as shown, made short like an answer."""
    if row["model"] == "allowed":
        return "ok"
    return "#GP" if row["model"].startswith("vector 13") else row["model"].removeprefix("#PF ").partition(" ")[0]


def _heard(truth: Sequence[Evidence], host: Answer) -> dict[Key, dict[str, tuple[str, str]]]:
    """(condition, mode, access) -> witness -> (what it answered, what the model says for its CPU)."""
    heard: dict[Key, dict[str, tuple[str, str]]] = {}
    for answer in truth:
        for row in answer.data:
            key = row["condition"], row["mode"], row["access"]
            heard.setdefault(key, {})[row["witness"]] = _short(row), _model_of(row)
    for row in host.data:
        condition = HOST.get((row["access"], row["page"]))
        if condition:
            known = heard.get((condition, "user", row["access"]), {})
            model = next(iter(known.values()))[1] if known else _short(row)
            heard.setdefault((condition, "user", row["access"]), {})["host"] = _short(row), model
    return heard


class _Odd(Verdict):
    """A cell in which a witness and the model differ."""

    def __str__(self) -> str:
        return self.text


def _agreed(found: dict[str, tuple[str, str]]) -> Any:
    """One value where all say the same; else the model's, and who differs from it."""
    if not found:
        return "not asked"
    models = dict.fromkeys(model for _, model in found.values())
    odd = [called(who, short=True) for who, (said, model) in found.items() if said != model]
    if odd:
        return _Odd(False, f"{next(iter(models))}≠{', '.join(odd)}")
    if len(models) > 1:
        return "; ".join(f"{called(who, short=True)} {said}" for who, (said, _) in found.items())
    text = next(iter(models))
    return Link(text, f"#{PFEC.anchor}={text}") if text.startswith("0x") else text


def witnesses(host: Answer, truth: Sequence[Evidence]) -> Table:
    """The whole truth table: model, guests and this machine in one, a value where they agree."""
    heard = _heard(truth, host)

    def cell(mode: str, access: str) -> Column:
        return Column(f"{mode} {access}", lambda row: _agreed(heard.get((row["condition"], mode, access), {})))

    columns = [Column("Condition", "condition"), *[cell(mode, access) for mode, _ in MODES for access in ACCESSES]]
    asked = sum(len(found) for found in heard.values())
    differ = sum(said != model for found in heard.values() for said, model in found.values())
    caption = f"ok: the access is made. {asked} answers, {differ} of them other than the model's"
    return Table([truth, host], columns, [{"condition": name} for name in CONDITIONS], caption)


def _differing(heard: dict[Key, dict[str, tuple[str, str]]]) -> Iterator[dict[str, Any]]:
    for condition in CONDITIONS:
        for who in dict.fromkeys(who for mode, _ in MODES for a in ACCESSES for who in heard.get((condition, mode, a), {})):
            cells = [
                (mode, a, *heard[condition, mode, a][who])
                for mode, _ in MODES
                for a in ACCESSES
                if who in heard[condition, mode, a]
            ]
            odd = [(f"{mode} {a}", said, model) for mode, a, said, model in cells if said != model]
            if odd:
                where = "all six" if len(odd) == len(MODES) * len(ACCESSES) else ", ".join(what for what, *_ in odd)
                yield {"condition": condition, "witness": called(who), "where": where, "odd": odd}


def disagreements(host: Answer, truth: Sequence[Evidence]) -> Table:
    """Only the conditions in which a witness and the model differ, found by comparing."""

    def three(index: int) -> Any:
        def text(row: dict[str, Any]) -> str:
            values = [cell[index] for cell in row["odd"]]
            return values[0] if len(set(values)) == 1 else " ".join(values)

        return text

    columns = [
        Column("Condition", "condition"),
        Column("Witness", "witness"),
        Column("Accesses", "where"),
        Column("Model", three(2)),
        Column("It answered", three(1)),
    ]
    rows = list(_differing(_heard(truth, host)))
    nothing = {"condition": "none", "witness": "", "where": "", "odd": [("", "", "")]}
    return Table([truth, host], columns, rows or [nothing])
