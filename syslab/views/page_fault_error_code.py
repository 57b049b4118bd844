"""Tables of the chapter on the page-fault error code."""

from __future__ import annotations

from typing import Any

from ..evidence import Evidence
from ..evidence.show import Column, Link, Measured, Verdict
from ..experiments.page_fault_error_code import predict
from ..layouts.page_fault import PFEC


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


def accesses(answer: Evidence) -> Measured:
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
    return Measured(answer, columns, rows)


def others(answer: Evidence) -> Measured:
    """The exceptions that are not page faults."""
    rows = [row for row in answer.data if row["access"] == "execute"]
    columns = [
        Column("Instruction", "page"),
        Column("Vector", "vector", number=True),
        Column("Exception", "exception"),
        Column("Error code", lambda row: f"{row['error_code']:#x}", number=True),
        Column("Signal", lambda row: f"{row['signal']} {row['si_code']}"),
    ]
    return Measured(answer, columns, rows)


def sentences(answer: Evidence) -> Measured:
    """Each code that came out, once, as a sentence."""
    codes = sorted({row["error_code"] for row in answer.data if row["vector"] == 14})
    rows = [{"vector": 14, "error_code": code, "sentence": PFEC.sentence(code)} for code in codes]
    return Measured(answer, [Column("Code", _code, number=True), Column("In words", "sentence")], rows)
