"""What a reader touches: one .py and one .js each. They run in JupyterLab and on the hosted page, from the same file."""

from .address_map import AddressMap
from .bit_field import BitField
from .choice_table import ChoiceTable
from .compare_bits import CompareBits
from .flow import Flow
from .instruction_tape import InstructionTape
from .interleaving import Interleaving
from .leaf_browser import LeafBrowser
from .lookup import Lookup
from .masked_register import MaskedRegister
from .page_walk import PageWalk
from .quiz import Quiz
from .state_machine import StateMachine
from .stepper import Step, Stepper

__all__ = [
    "AddressMap",
    "BitField",
    "ChoiceTable",
    "CompareBits",
    "Flow",
    "InstructionTape",
    "Interleaving",
    "LeafBrowser",
    "Lookup",
    "MaskedRegister",
    "PageWalk",
    "Quiz",
    "StateMachine",
    "Step",
    "Stepper",
]
