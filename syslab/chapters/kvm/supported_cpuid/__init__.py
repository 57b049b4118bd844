"""What KVM says it supports: the chapter book/kvm/supported-cpuid.md."""
