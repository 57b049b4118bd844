/* Real-mode code that says where it runs. It works wherever it is put: the host writes a copy's physical address into
 * it (the immediate of the first instruction), so the answer tells which copy the CPU fetched. It needs a stack and
 * writes to physical 0x600: CS, IP of its first byte, and that address. Then it rings the bell, the first serial port. */
    .code16
    .globl probe
probe:
    movl $0xffffffff, %eax
    call 1f
1:  popw %bx
    subw $1b - probe, %bx
    xorw %cx, %cx
    movw %cx, %ds
    movw %cs, %cx
    movw %cx, 0x600
    movw %bx, 0x602
    movl %eax, 0x604
    movw $0x3f8, %dx
    movb $'d', %al
    outb %al, %dx
2:  cli
    hlt
    jmp 2b
