"""QEMU from outside: guests without an operating system, the processes they run in, and what is said to them."""
