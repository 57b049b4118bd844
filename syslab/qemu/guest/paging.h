#ifndef PAGING_H
#define PAGING_H
#include "protocol.h"

extern struct hello *const hello;

int leads_outside(const struct request *ask, int la57);
void use_levels(int la57);
u64 use_slot_beside(u64 address);
u64 place_entries(const struct request *ask, int la57);
void take_entries(const struct request *ask, struct answer *tell);
u64 trampoline_address(const void *symbol);
#endif
