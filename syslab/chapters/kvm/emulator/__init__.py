"""The instruction emulator: the chapter book/kvm/emulator.md."""
