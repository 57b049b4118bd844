"""vCPU requests: the chapter book/kvm/vcpu-requests.md."""
