/* From the two entries to kmain, and the way between 4-level and 5-level paging. */
#include "protocol.h"

    /* PVH: a loader that finds this note starts the guest at entry32, in 32-bit protected mode without paging. */
    .section .note.pvh, "a", @note
    .long 4, 4, 18                    /* sizes of name and value; XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long entry32

    .section .text.boot, "ax"
    .code32
entry32:
    cli
    movl $home_pml4, %eax
    movl %eax, %cr3
    movl $0x20, %eax                  /* CR4.PAE */
    movl %eax, %cr4
    movl $0xc0000080, %ecx            /* EFER.LME */
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl $0x80000011, %eax            /* CR0.PG, ET, PE */
    movl %eax, %cr0
    lgdt boot_gdtr
    ljmp $0x08, $entry64

    /* The ELF's own entry: 64-bit mode on home_pml4, for a host that can set registers (KVM). */
    .code64
    .globl entry64
entry64:
    cli
    lgdt boot_gdtr
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movq $stack_top, %rsp
    pushq $0x08
    pushq $1f
    lretq
1:  call kmain
2:  hlt
    jmp 2b

    /* void set_levels(u64 cr4, u64 cr3): CR4.LA57 changes only while paging is off, so go through 32-bit code.
     * The caller has no descriptor tables above 4 GByte in use afterwards: see place(). */
    .text
    .globl set_levels
set_levels:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, levels_rsp             /* 32-bit code does not keep the upper halves of registers */
    lgdt boot_gdtr
    movl $0x10, %eax
    movl %eax, %ss
    pushq $0x18
    pushq $1f
    lretq
    .code32
1:  movl %cr0, %eax
    andl $0x7fffffff, %eax
    movl %eax, %cr0
    movl %edi, %cr4
    movl %esi, %cr3
    orl $0x80000000, %eax
    movl %eax, %cr0
    ljmp $0x08, $2f
    .code64
2:  movq levels_rsp, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    .data
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff          /* 0x08 64-bit code */
    .quad 0x00cf93000000ffff          /* 0x10 data */
    .quad 0x00cf9b000000ffff          /* 0x18 32-bit code */
boot_gdtr:
    .word 4 * 8 - 1
    .quad boot_gdt
levels_rsp: .quad 0

    /* Identity, supervisor only: where the C code lives. place() adds the trampoline's slot. */
    .section .home_tables, "aw"
    .globl home_pml4, home_pml5
home_pml4:
    .quad home_pdpt + 3
    .fill 511, 8, 0
home_pdpt:
    .quad home_pd + 3
    .fill 511, 8, 0
home_pd:
    .set i, 0
    .rept 8
    .quad i << 21 | 0x83
    .set i, i + 1
    .endr
    .fill 504, 8, 0
home_pml5:
    .quad home_pml4 + 3
    .fill 511, 8, 0

    .bss
    .balign 4096
    .skip 8192
stack_top:
