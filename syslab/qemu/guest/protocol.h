/* What the host and the guest share: where things are in physical memory, and what a request and an answer hold.
 * syslab/machines/bare_metal_protocol.py says the same in Python; the guest's hello lets the host compare. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#define MAGIC 0x314d4d52          /* "RMM1" */
#define MAX_REQUESTS 4096

/* Physical memory. The lowest 16 kByte are zero: read as a table, nothing in them is present. The image (code, data, home tables, trampoline) is below 2 MByte. */
#define EMPTY_BELOW 0x4000
#define HOME_TABLES 0x180000      /* PML4, PDPT, PD, PML5: one page each; an identity map of 16 MByte */
#define MAILBOX 0x200000          /* struct hello, one page */
#define REQUESTS 0x201000
#define ANSWERS 0x280000
#define TEST_TABLES 0x300000      /* PML5, PML4, PDPT, PD, PT: one page each */
#define TEST_FRAME 0x400000       /* 2 MByte, aligned; the host fills it with FILL before the start */
#define TEST_FRAME_BYTES 0x200000

/* An opcode of one byte that is invalid in 64-bit mode: a fetch that succeeds ends in #UD with RIP at the fetched
 * address, needs no stack, and never reaches the next byte. */
#define FILL 0x0e

/* The bell: the data register of the first serial port. One byte each way, all data goes through memory. */
#define BELL 0x3f8
#define BELL_READY 'r'
#define BELL_DONE 'd'
#define BELL_PANIC 'p'

/* struct request, flags */
#define ACCESS 7                  /* mask */
#define READ 0
#define WRITE 1
#define FETCH 2
#define SPIN 3                    /* loop for ever: tests of the host's deadline */
#define TRIPLE 4                  /* triple fault: tests of the host's diagnosis */
#define USER 0x8
#define WITH_AC 0x10
#define BY_STAC 0x20              /* with WITH_AC: set it by STAC, else by POPF (in user mode always by IRET) */
#define CR0_WP_FLAG 0x40
#define NXE_FLAG 0x80
#define SMEP_FLAG 0x100
#define SMAP_FLAG 0x200
#define PKE_FLAG 0x400
#define LA57_FLAG 0x800
#define FEATURE_FLAGS (NXE_FLAG | SMEP_FLAG | SMAP_FLAG | PKE_FLAG | LA57_FLAG)
#define GBPAGES_FLAG 0x1000       /* only in hello.features */

/* struct answer, status */
#define TRIED 0
#define UNSUPPORTED 1             /* error: the flags that this CPU lacks */
#define OUTSIDE 2                 /* vector: index of the entry that leads out of the test's own memory */
#define NO_VECTOR 0xffffffff      /* the access was made */

#ifndef __ASSEMBLER__
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

enum level { PML5E, PML4E, PDPTE, PDE, PTE, LEVELS };

struct request {
    u64 address;
    u64 entries[LEVELS];
    u32 flags;
    u32 pkru;
    u64 unused;
};

struct answer {
    u32 status;
    u32 vector;
    u64 error;
    u64 cr2;
    u64 rip;
    u64 instruction;              /* address of the instruction that made the access */
    u64 after[LEVELS];            /* the entries as the CPU left them */
};

struct hello {
    u32 magic;
    u32 max_requests;
    volatile u32 pending;         /* host: 1 = requests are there; guest: 0 = taken */
    volatile u32 count;
    volatile u32 done;            /* requests answered of this batch */
    u32 features;                 /* the FLAGs of what this CPU has */
    u32 physical_bits;
    u32 linear_bits;
    u32 vendor[3];
    u32 signature;                /* CPUID.1:EAX */
    u64 test_frame;
    u64 tables[LEVELS];           /* physical address of the test's table that holds this level's entry */
    struct { u64 vector, error, rip, cr2; } panic;
};

_Static_assert(sizeof(struct request) == 64, "request");
_Static_assert(sizeof(struct answer) == 80, "answer");
_Static_assert(sizeof(struct hello) == 128, "hello");
_Static_assert(REQUESTS + MAX_REQUESTS * sizeof(struct request) <= ANSWERS, "requests");
_Static_assert(ANSWERS + MAX_REQUESTS * sizeof(struct answer) <= TEST_TABLES, "answers");
#endif
#endif
