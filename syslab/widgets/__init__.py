"""What a reader touches: one .py and one .js each. They run in JupyterLab and on the hosted page, from the same file."""

from .bit_field import BitField
from .choice_table import ChoiceTable
from .lookup import Lookup
from .quiz import Quiz
from .state_machine import StateMachine
from .stepper import Step, Stepper

__all__ = [
    "BitField",
    "ChoiceTable",
    "Lookup",
    "Quiz",
    "StateMachine",
    "Step",
    "Stepper",
]
