"""What a reader touches: one .py and one .js each. They run in JupyterLab and on the hosted page, from the same file."""

from .address_map import AddressMap
from .bit_field import BitField
from .choice_table import ChoiceTable
from .compare_bits import CompareBits
from .cron_line import CronLine
from .flow import Flow
from .hex_tree import HexTree
from .instruction_tape import InstructionTape
from .interleaving import Interleaving
from .leaf_browser import LeafBrowser
from .link_graph import LinkGraph
from .lookup import Lookup
from .masked_register import MaskedRegister
from .page_walk import PageWalk
from .quiz import Quiz
from .reparse_buffer import ReparseBuffer
from .state_machine import StateMachine
from .stepper import Step, Stepper
from .struct_layout import StructLayout

__all__ = [
    "AddressMap",
    "BitField",
    "ChoiceTable",
    "CompareBits",
    "CronLine",
    "Flow",
    "HexTree",
    "InstructionTape",
    "Interleaving",
    "LeafBrowser",
    "LinkGraph",
    "Lookup",
    "MaskedRegister",
    "PageWalk",
    "Quiz",
    "ReparseBuffer",
    "StateMachine",
    "Step",
    "Stepper",
    "StructLayout",
]
