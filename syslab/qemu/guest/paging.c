/* The test's page tables, the rule that keeps a test inside its own memory, and where the trampoline is mapped. */
#include "cpu.h"
#include "paging.h"

#define P 1UL
#define W 2UL
#define U 4UL
#define PS 0x80UL
#define FRAME 0x000ffffffffff000UL

/* boot.S and trampoline.S */
extern u64 home_pml4[512], home_pml5[512], gdt[7];
extern u8 trampoline[], trampoline_end[], exceptions[], bell_interrupt[], tss[104], trial_stack_top[], user_read[];
extern struct { u16 low, selector, type, middle; u32 high, zero; } idt[256];
extern void set_levels(u64 cr4, u64 cr3);

/* Tables that lead to the trampoline, from the slot of the root downwards. */
static u64 way_pml4[512] __attribute__((aligned(4096)));
static u64 way_pdpt[512] __attribute__((aligned(4096)));
static u64 way_pd[512] __attribute__((aligned(4096)));
static u64 way_pt[512] __attribute__((aligned(4096)));

static int five;                      /* levels in use: 4 + five */
static u32 slot;                      /* the root's entry for the trampoline; 0: none yet */

static u64 *test_table(int level) { return (u64 *)(TEST_TABLES + 4096UL * level); }
static int index_at(int level, u64 address) { return address >> (12 + 9 * (PTE - level)) & 511; }

/* Whether the access could touch memory that is not the test's: by ending outside the test frame, or by reading a
 * table that is not the test's own. What stops before that is let through: an address that is not canonical, an
 * entry that is not present, one with a bit above the CPU's physical addresses. Nothing else is trusted to stop it:
 * that is for the CPU to show. */
int leads_outside(const struct request *ask, int la57)
{
    int unused_bits = la57 ? 7 : 16;
    if ((u64)((long)(ask->address << unused_bits) >> unused_bits) != ask->address)
        return -1;
    for (int level = la57 ? PML5E : PML4E; level < LEVELS; level++) {
        u64 entry = ask->entries[level];
        if (!(entry & P) || (entry & FRAME) >> hello->physical_bits)
            return -1;
        if (level == PTE || (entry & PS && (level == PDE || level == PDPTE))) {
            u64 size = 1UL << (12 + 9 * (PTE - level));
            u64 lands = (entry & FRAME & -size) + (ask->address & (size - 1));
            /* A CPU without 1-GByte pages could take such an entry for one that references a table. */
            int no_page = level == PDPTE && !(hello->features & GBPAGES_FLAG);
            int harmless = !no_page || (entry & FRAME) == (u64)test_table(PDE) || (entry & FRAME) < EMPTY_BELOW;
            return lands - TEST_FRAME < TEST_FRAME_BYTES && harmless ? -1 : level;
        }
        if ((entry & FRAME) != (u64)test_table(level + 1))
            return level;
    }
    return -1;
}

static u64 slot_address(void)
{
    return five ? (u64)((long)((u64)slot << 55) >> 7) : (u64)((long)((u64)slot << 55) >> 16);
}

u64 trampoline_address(const void *symbol) { return slot_address() + ((u64)symbol - (u64)trampoline); }

static void gate(int vector, const void *handler)
{
    u64 to = trampoline_address(handler);
    idt[vector].low = to;
    idt[vector].selector = 0x08;
    idt[vector].type = 0x8e00;        /* present, interrupt gate: interrupts stay off inside */
    idt[vector].middle = to >> 16;
    idt[vector].high = to >> 32;
}

static void place(u32 new_slot)
{
    u64 *home = five ? home_pml5 : home_pml4, *root = test_table(five ? PML5E : PML4E);
    struct { u16 limit; u64 base; } __attribute__((packed)) gdtr, idtr;
    u64 at, base;

    if (slot)
        home[slot] = root[slot] = 0;
    slot = new_slot;
    home[slot] = root[slot] = (u64)(five ? way_pml4 : way_pdpt) | P | W | U;
    way_pml4[0] = (u64)way_pdpt | P | W | U;
    way_pdpt[0] = (u64)way_pd | P | W | U;
    way_pd[0] = (u64)way_pt | P | W | U;
    way_pt[0] = (u64)trampoline | P;
    way_pt[1] = (u64)user_read | P | U;
    for (int i = 2; i < (trampoline_end - trampoline) / 4096; i++)
        way_pt[i] = ((u64)trampoline + 4096UL * i) | P | W;
    write_cr3((u64)home);

    for (int vector = 0; vector < 32; vector++)
        gate(vector, exceptions + 16 * vector);
    gate(0x24, bell_interrupt);
    at = trampoline_address(trial_stack_top);
    __builtin_memcpy(tss + 4, &at, 8);             /* RSP0 */
    base = trampoline_address(tss);
    gdt[5] = 103 | (base & 0xffffff) << 16 | 0x89UL << 40 | (base >> 24 & 0xff) << 56;
    gdt[6] = base >> 32;
    gdtr.limit = 7 * 8 - 1;
    gdtr.base = trampoline_address(gdt);
    idtr.limit = 0x25 * 16 - 1;
    idtr.base = trampoline_address(idt);
    __asm__ volatile("lgdt %0; lidt %1; ltr %w2" : : "m"(gdtr), "m"(idtr), "r"(0x28) : "memory");
}

/* Two slots are enough: a test owns one entry of the root, the trampoline has another. Both are in the lower half,
 * which software virtual machine monitors keep free for guests. */
#define SLOT 0x55

void use_levels(int la57)
{
    if (la57 == five && slot)
        return;
    if (la57 != five) {
        if (slot)
            (five ? home_pml5 : home_pml4)[slot] = test_table(five ? PML5E : PML4E)[slot] = 0;
        slot = 0;
        five = la57;
        set_levels((read_cr4() & ~CR4_LA57) | (five ? CR4_LA57 : 0), (u64)(five ? home_pml5 : home_pml4));
    }
    place(SLOT);
}

/* Move the trampoline if the address is in its slot. The address for the trial's code is in the answer. */
u64 use_slot_beside(u64 address)
{
    if ((u32)index_at(five ? PML5E : PML4E, address) == slot)
        place(slot == SLOT ? SLOT + 1 : SLOT);
    return slot_address();
}

/* Write the entries where a walk for the address finds them; the root's physical address. */
u64 place_entries(const struct request *ask, int la57)
{
    for (int level = la57 ? PML5E : PML4E; level < LEVELS; level++)
        test_table(level)[index_at(level, ask->address)] = ask->entries[level];
    return (u64)test_table(la57 ? PML5E : PML4E);
}

/* Read them back, and leave the tables empty. */
void take_entries(const struct request *ask, struct answer *tell)
{
    for (int level = PML5E; level < LEVELS; level++) {
        tell->after[level] = ask->entries[level];
        if (level == PML5E && !five)
            continue;
        u64 *entry = &test_table(level)[index_at(level, ask->address)];
        tell->after[level] = *entry;
        *entry = 0;
    }
}
