/* Instructions that C has no words for. */
#ifndef CPU_H
#define CPU_H
#include "protocol.h"

#define CR0_WP (1UL << 16)
#define CR4_PAE (1UL << 5)
#define CR4_LA57 (1UL << 12)
#define CR4_SMEP (1UL << 20)
#define CR4_SMAP (1UL << 21)
#define CR4_PKE (1UL << 22)
#define MSR_EFER 0xc0000080
#define EFER_NXE (1UL << 11)

static inline void outb(u16 port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory"); }
/* Zeros; bytes is a multiple of 8. */
static inline void clear(void *at, u64 bytes)
{
    u64 words = bytes / 8;
    __asm__ volatile("rep stosq" : "+c"(words), "+D"(at) : "a"(0) : "memory");
}

static inline u64 read_cr0(void) { u64 v; __asm__ volatile("movq %%cr0, %0" : "=r"(v)); return v; }
static inline u64 read_cr4(void) { u64 v; __asm__ volatile("movq %%cr4, %0" : "=r"(v)); return v; }
static inline void write_cr0(u64 v) { __asm__ volatile("movq %0, %%cr0" : : "r"(v) : "memory"); }
static inline void write_cr3(u64 v) { __asm__ volatile("movq %0, %%cr3" : : "r"(v) : "memory"); }
static inline void write_cr4(u64 v) { __asm__ volatile("movq %0, %%cr4" : : "r"(v) : "memory"); }
static inline void write_pkru(u32 v) { __asm__ volatile("wrpkru" : : "a"(v), "c"(0), "d"(0)); }

static inline u64 read_msr(u32 number)
{
    u32 low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return low | (u64)high << 32;
}

static inline void write_msr(u32 number, u64 v)
{
    __asm__ volatile("wrmsr" : : "c"(number), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

struct registers { u32 eax, ebx, ecx, edx; };

static inline struct registers cpuid(u32 leaf)
{
    struct registers r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(0));
    return r;
}
#endif
