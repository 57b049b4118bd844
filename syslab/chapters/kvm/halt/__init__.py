"""HLT, from the guest to the scheduler: the chapter book/kvm/halt.md."""
