"""The table you give a guest: the chapter book/kvm/guest-cpuid.md."""
