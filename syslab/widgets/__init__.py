"""What a reader touches: one .py and one .js each. They run in JupyterLab and on the hosted page, from the same file."""

from .address_map import AddressMap
from .bit_field import BitField
from .choice_table import ChoiceTable
from .leaf_browser import LeafBrowser
from .page_walk import PageWalk
from .quiz import Quiz
from .stepper import Step, Stepper

__all__ = ["AddressMap", "BitField", "ChoiceTable", "LeafBrowser", "PageWalk", "Quiz", "Step", "Stepper"]
