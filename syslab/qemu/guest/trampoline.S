/* The only pages that a test's page tables map beside the tested address. They are mapped there at another address
 * (place() chooses it), so this code names everything relative to RIP.
 *
 *   page 0  code, supervisor, read-only        page 3  IDT
 *   page 1  code, user, read-only              page 4  stack of the trial and of exceptions
 *   page 2  data, GDT, TSS
 */
#include "protocol.h"

    .section .trampoline, "awx"
    .globl trampoline
trampoline:
    /* void trial(u64 cr3, u64 address, u32 flags): make one access on the page tables at cr3. Called at its
     * trampoline address; what happened is in trial_vector and so on. */
    .globl trial
trial:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushfq
    movq %rsp, home_rsp(%rip)
    movq %cr3, %rax
    movq %rax, home_cr3(%rip)
    movl %edx, %ecx
    andl $ACCESS, %ecx
    xorl %eax, %eax
    movq %rax, %cr2
    leaq trial_stack_top(%rip), %rsp
    movb $1, in_trial(%rip)
    movq %rdi, %cr3                   /* from here on the rest of the guest is not mapped */
    testl $USER, %edx
    jnz in_user_mode

    testl $WITH_AC, %edx
    jz 2f
    testl $BY_STAC, %edx
    jnz 1f
    pushfq                            /* a machine that cannot run STAC can still be asked about AC */
    orq $0x40000, (%rsp)
    popfq
    jmp 2f
1:  stac
2:  cmpl $WRITE, %ecx
    je kernel_write
    cmpl $FETCH, %ecx
    je kernel_fetch
    cmpl $SPIN, %ecx
    je 3f
    cmpl $TRIPLE, %ecx
    je 4f
    .globl kernel_read, kernel_write, kernel_fetch
kernel_read:
    movb (%rsi), %al
    jmp made
kernel_write:
    movb $FILL, (%rsi)
    jmp made
kernel_fetch:
    jmp *%rsi
3:  jmp 3b
4:  lidt no_idt(%rip)
    ud2

in_user_mode:
    leaq user_read(%rip), %rdi
    leaq user_write(%rip), %rax
    cmpl $WRITE, %ecx
    cmoveq %rax, %rdi
    leaq user_fetch(%rip), %rax
    cmpl $FETCH, %ecx
    cmoveq %rax, %rdi
    andl $WITH_AC, %edx
    shll $14, %edx                    /* 0x10 -> RFLAGS.AC, 0x40000 */
    orl $2, %edx                      /* the bit that is always 1; interrupts stay off */
    pushq $0x23                       /* SS, and no stack: user code needs none */
    pushq $0
    pushq %rdx
    pushq $0x1b
    pushq %rdi
    iretq

made:
    movl $NO_VECTOR, trial_vector(%rip)
back:
    movb $0, in_trial(%rip)
    movq home_cr3(%rip), %rax
    movq %rax, %cr3
    movq home_rsp(%rip), %rsp
    movl $0x10, %eax                  /* an exception from user mode leaves SS null */
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    popfq
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    /* Exceptions 0 to 31, 16 bytes each. Those without an error code get a zero in its place. */
    .balign 16
    .globl exceptions
exceptions:
    .set vector, 0
    .rept 32
    .balign 16
    .if !(0x60227d00 >> vector & 1)   /* 8, 10 to 14, 17, 21, 29, 30 push one */
    pushq $0
    .endif
    pushq $vector
    jmp exception
    .set vector, vector + 1
    .endr

exception:
    popq trial_vector(%rip)
    popq trial_error(%rip)
    popq trial_rip(%rip)
    movq %cr2, %rax
    movq %rax, trial_cr2(%rip)
    cmpb $0, in_trial(%rip)
    jne back
    movl $panic, %eax                 /* the guest's own fault, so its own tables are in use */
    jmp *%rax

    /* The bell rang (IRQ 4). Take the byte, or the line stays up; the waiting loop looks at hello.pending. */
    .globl bell_interrupt
bell_interrupt:
    pushq %rax
    pushq %rdx
    movl $BELL, %edx
    inb %dx, %al
    movb $0x20, %al                   /* end of interrupt, to the first PIC */
    outb %al, $0x20
    popq %rdx
    popq %rax
    iretq

    .balign 4096
    /* Leaving user mode takes an exception anyway, so UD2 it is; C knows it by its address. */
    .globl user_read, user_write, user_fetch, user_made_read, user_made_write
user_read:
    movb (%rsi), %al
user_made_read:
    ud2
user_write:
    movb $FILL, (%rsi)
user_made_write:
    ud2
user_fetch:
    jmp *%rsi

    .balign 4096
    .globl trial_vector, trial_error, trial_rip, trial_cr2, gdt, tss
trial_vector: .quad 0
trial_error: .quad 0
trial_rip: .quad 0
trial_cr2: .quad 0
home_rsp: .quad 0
home_cr3: .quad 0
in_trial: .quad 0
no_idt: .word 0
    .quad 0
    .balign 16
gdt:
    .quad 0
    .quad 0x00af9b000000ffff          /* 0x08 64-bit code */
    .quad 0x00cf93000000ffff          /* 0x10 data */
    .quad 0x00affb000000ffff          /* 0x18 64-bit user code */
    .quad 0x00cff3000000ffff          /* 0x20 user data */
    .quad 0, 0                        /* 0x28 TSS, filled in by place() */
tss:
    .fill 104, 1, 0

    .balign 4096
    .globl idt
idt: .fill 4096, 1, 0
    .fill 4096, 1, 0
trial_stack_top:
    .globl trial_stack_top, trampoline_end
trampoline_end:
