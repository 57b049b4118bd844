"""A hypervisor on one page: the chapter book/kvm/first-vm.md."""
