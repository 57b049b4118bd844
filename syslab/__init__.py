"""Decoders, experiments and widgets of the book Runnable Systems Notes.

Arrows go one way: chapters -> (show, widgets, evidence) -> (kvm, qemu, lab_vm, native) -> bits. Chapters never import
each other, and the library never imports a chapter; import-linter holds it, docs/architecture.md draws it.
Importing ``syslab`` alone loads nothing else; each room is imported where it is used.
"""

__version__ = "0.1.0"
