"""Tables of the chapter on the size of bool, from the records."""

from __future__ import annotations

from syslab.chapters.files.bool_size import ask as experiment
from syslab.chapters.files.bool_size import show as view
from syslab.chapters.files.bool_size.model import lay_out
from syslab.evidence import recorded


def test_tables() -> None:
    assert "8, aligned to 4" in repr(view.sizes(recorded(experiment.sizes)))
    structs = view.structs(recorded(experiment.structs))
    assert "differs" not in repr(structs)
    assert 'href="#struct=bool,int"' in structs._repr_html_()
    assert "3 bytes of padding" in repr(structs)
    assert "accepted" in repr(view.refused(recorded(experiment.refused)))
    assert "not defined" in repr(view.conversions(recorded(experiment.conversions)))
    assert "setne" in repr(view.code(recorded(experiment.code)))
    assert "byte -8" in repr(view.bits(recorded(experiment.bits)))
    assert "#PF on byte 7" in repr(view.widths(recorded(experiment.widths)))


def test_an_abi_that_the_compiler_lacks_is_said() -> None:
    answer = recorded(experiment.sizes)
    for row in answer.data:
        row["x32"] = None
    assert "not in this compiler" in repr(view.sizes(answer))


def test_the_widget_starts_from_structs_of_the_experiment() -> None:
    answer = recorded(experiment.structs)
    widget = view.widget(answer)
    assert {text for _, text in widget.presets} <= {row["declaration"] for row in answer.data}
    assert lay_out(widget.value).padding == 24
