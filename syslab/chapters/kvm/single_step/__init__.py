"""One instruction at a time: the chapter book/kvm/single-step.md."""
