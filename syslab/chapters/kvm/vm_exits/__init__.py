"""Which instructions leave the guest: the chapter book/kvm/vm-exits.md."""
