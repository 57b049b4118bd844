/* Requests in, one access each, answers out. protocol.h says what they hold. */
#include "cpu.h"
#include "paging.h"

struct hello *const hello = (struct hello *)MAILBOX;

/* trampoline.S */
extern void trial(u64 cr3, u64 address, u32 flags);
extern u64 trial_vector, trial_error, trial_rip, trial_cr2;
extern u8 kernel_read[], kernel_write[], kernel_fetch[], user_read[], user_write[], user_fetch[], user_made_read[], user_made_write[];

static u64 cr0, cr4, efer;            /* as last written: each write costs a flush, so equal ones are left out */

static void look_at_cpu(void)
{
    struct registers basic = cpuid(0), one = cpuid(1), seven = {0}, extended = cpuid(0x80000001), sizes;
    u32 features = 0;

    hello->vendor[0] = basic.ebx;
    hello->vendor[1] = basic.edx;
    hello->vendor[2] = basic.ecx;
    hello->signature = one.eax;
    if (basic.eax >= 7)
        seven = cpuid(7);
    features |= extended.edx >> 20 & 1 ? NXE_FLAG : 0;
    features |= extended.edx >> 26 & 1 ? GBPAGES_FLAG : 0;
    features |= seven.ebx >> 7 & 1 ? SMEP_FLAG : 0;
    features |= seven.ebx >> 20 & 1 ? SMAP_FLAG : 0;
    features |= seven.ecx >> 3 & 1 ? PKE_FLAG : 0;
    features |= seven.ecx >> 16 & 1 ? LA57_FLAG : 0;
    sizes = cpuid(0x80000008);        /* every CPU with 64-bit mode has it */
    hello->physical_bits = sizes.eax & 255;
    hello->linear_bits = sizes.eax >> 8 & 255;
    hello->features = features;
}

static void set_controls(u32 flags, u32 pkru)
{
    u64 new_cr0 = flags & CR0_WP_FLAG ? cr0 | CR0_WP : cr0 & ~CR0_WP;
    u64 new_efer = flags & NXE_FLAG ? efer | EFER_NXE : efer & ~EFER_NXE;
    u64 new_cr4 = cr4 & ~(CR4_SMEP | CR4_SMAP | CR4_PKE);

    new_cr4 |= flags & SMEP_FLAG ? CR4_SMEP : 0;
    new_cr4 |= flags & SMAP_FLAG ? CR4_SMAP : 0;
    new_cr4 |= flags & PKE_FLAG ? CR4_PKE : 0;
    if (new_cr0 != cr0)
        write_cr0(cr0 = new_cr0);
    if (new_efer != efer)
        write_msr(MSR_EFER, efer = new_efer);
    if (new_cr4 != cr4)
        write_cr4(cr4 = new_cr4);
    if (flags & PKE_FLAG)
        write_pkru(pkru);
}

/* How the access ended, from where the exception was: UD2 behind it, or the invalid opcode it fetched, is success. */
static void conclude(const struct request *ask, struct answer *tell)
{
    static u8 *const at[2][3] = {{kernel_read, kernel_write, kernel_fetch}, {user_read, user_write, user_fetch}};
    int user = !!(ask->flags & USER), access = ask->flags & ACCESS;

    tell->instruction = access <= FETCH ? trampoline_address(at[user][access]) : 0;
    tell->vector = trial_vector;
    tell->error = trial_error;
    tell->rip = trial_rip;
    tell->cr2 = trial_cr2;
    if (trial_vector == 6 && ((access == FETCH && trial_rip == ask->address) ||
                              (user && access == READ && trial_rip == trampoline_address(user_made_read)) ||
                              (user && access == WRITE && trial_rip == trampoline_address(user_made_write))))
        tell->vector = NO_VECTOR;
    if (tell->vector == NO_VECTOR)
        tell->error = tell->rip = tell->cr2 = 0;
}

static void answer(const struct request *ask, struct answer *tell)
{
    u32 needs = ask->flags & FEATURE_FLAGS;
    int la57 = !!(ask->flags & LA57_FLAG), level;
    u64 root;

    clear(tell, sizeof *tell);
    if (!(ask->flags & USER) && ask->flags & WITH_AC && ask->flags & BY_STAC)
        needs |= SMAP_FLAG;           /* STAC exists only with SMAP */
    tell->error = needs & ~hello->features;
    if (tell->error) {
        tell->status = UNSUPPORTED;
        return;
    }
    level = leads_outside(ask, la57);
    if (level >= 0) {
        tell->status = OUTSIDE;
        tell->vector = level;
        return;
    }
    if (la57 != !!(cr4 & CR4_LA57)) {
        use_levels(la57);
        cr4 = read_cr4();
    }
    use_slot_beside(ask->address);
    root = place_entries(ask, la57);
    set_controls(ask->flags, ask->pkru);
    ((void (*)(u64, u64, u32))trampoline_address(trial))(root, ask->address, ask->flags);
    conclude(ask, tell);
    take_entries(ask, tell);
}

/* An exception outside a trial: the guest's own mistake. Reached from trampoline.S. */
void panic(void)
{
    hello->panic.vector = trial_vector;
    hello->panic.error = trial_error;
    hello->panic.rip = trial_rip;
    hello->panic.cr2 = trial_cr2;
    outb(BELL, BELL_PANIC);
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Let the serial port raise IRQ 4, as vector 0x24, and nothing else. A host without these devices ignores it: it
 * answers the bell before the guest goes on, so that the guest never waits. */
static void listen(void)
{
    static const struct { u16 port; u8 value; } writes[] = {
        {0x20, 0x11}, {0x21, 0x20}, {0x21, 0x04}, {0x21, 0x01},      /* first PIC: vectors from 0x20 */
        {0xa0, 0x11}, {0xa1, 0x28}, {0xa1, 0x02}, {0xa1, 0x01},
        {0x21, 0xef}, {0xa1, 0xff},                                  /* all masked but IRQ 4 */
        {BELL + 1, 0x01}, {BELL + 4, 0x08},                          /* received data; the line is connected */
    };
    for (u32 i = 0; i < sizeof writes / sizeof *writes; i++)
        outb(writes[i].port, writes[i].value);
}

static void take_bell(void)
{
    while (!hello->pending)
        __asm__ volatile("sti; hlt; cli" : : : "memory");
    hello->pending = 0;
}

void kmain(void)
{
    clear(0, EMPTY_BELOW);
    clear(hello, sizeof *hello);
    clear((void *)TEST_TABLES, LEVELS * 4096);
    look_at_cpu();
    hello->magic = MAGIC;
    hello->max_requests = MAX_REQUESTS;
    hello->test_frame = TEST_FRAME;
    for (int level = 0; level < LEVELS; level++)
        hello->tables[level] = TEST_TABLES + 4096UL * level;
    cr0 = read_cr0();
    cr4 = read_cr4();
    efer = read_msr(MSR_EFER);
    use_levels(0);
    listen();
    outb(BELL, BELL_READY);
    for (;;) {
        take_bell();
        for (u32 i = 0; i < hello->count && i < MAX_REQUESTS; i++) {
            hello->done = i;
            answer((struct request *)REQUESTS + i, (struct answer *)ANSWERS + i);
        }
        hello->done = hello->count;
        outb(BELL, BELL_DONE);
    }
}
