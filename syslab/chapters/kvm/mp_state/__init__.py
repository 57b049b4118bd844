"""MP states: how a second CPU starts: the chapter book/kvm/mp-state.md."""
