"""What a reader touches: one .py and one .js each. They run in JupyterLab and on the hosted page, from the same file."""

from .bit_field import BitField
from .choice_table import ChoiceTable
from .leaf_browser import LeafBrowser
from .quiz import Quiz

__all__ = ["BitField", "ChoiceTable", "LeafBrowser", "Quiz"]
