"""What is folded is all there, as HTML and as text."""

from __future__ import annotations

from syslab.show.folded import Folded
from syslab.show.table import Column, Table


def test_the_table_stands_in_the_fold() -> None:
    table = Table(columns=[Column("n", str)], rows=[1, 2], source="made up")
    folded = Folded("a < b", table)
    page = folded._repr_html_()
    assert page.startswith('<details class="dropdown"><summary>a &lt; b</summary>') and page.endswith("</details>")
    assert table._repr_html_() in page
    assert repr(folded) == f"a < b\n{table!r}"
