/*
 * %tick of version 9: 63 bits of the processor's clock (of the system's clock on later sun4v
 * machines). Version 8 has nothing that a program may read.
 *
 * References: The SPARC Architecture Manual, Version 9, sections 5.1.5 and A.43 ("RDTICK": bit 63 is
 * NPT, and a program may read the register where it is 0, which Linux and Solaris see to), A.31
 * ("MEMBAR": #Sync waits for everything before it). %stick (ancillary register 24, UltraSPARC III
 * and later) counts the system's clock, which is slower, and is not read.
 */
#ifdef __sparc_v9__
#define VG_TICK_BITS 63
#define VG_TICK_HIGH 0x7fffffffu

int vg_counter_bits(void) { return VG_TICK_BITS; }

void vg_counter(vg_u32 *now)
{
    vg_u32 low, high;
    __asm__ __volatile__(
        "membar #Sync\n\t"
        "rd %%tick, %%g1\n\t"
        "srlx %%g1, 32, %1\n\t"
        "srl %%g1, 0, %0"
        : "=r"(low), "=r"(high)
        :
        : "g1", "memory");
    now[0] = low;
    now[1] = high & VG_TICK_HIGH;
}
#else
#include "../none/counter.c"
#endif
