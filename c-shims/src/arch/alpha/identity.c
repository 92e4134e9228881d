/*
 * Who the processor is.
 *
 * References: Alpha Architecture Handbook, "IMPLVER" (0: 21064 and its kin, 1: 21164, 2: 21264,
 * 3: 21364) and "AMASK" (clears the bits of its operand that stand for features which are there; a
 * 21064 clears none). Both may be executed on every Alpha in user mode.
 *
 * Words:
 *  0  IMPLVER
 *  1  features: the bits that AMASK clears (0 BWX, 1 FIX, 2 CIX, 8 MVI, 9 precise traps,
 *     10 prefetch with modify intent …)
 *  2  high half of RPCC: the process's offset
 *  3  AT_HWCAP of Linux, where known
 */
#include "../common/auxv.c"

static unsigned long vg_implver(void)
{
    unsigned long version;
    __asm__ __volatile__("implver %0" : "=r"(version));
    return version;
}

/* The bits of "features" that are not there. */
static unsigned long vg_amask(unsigned long features)
{
    unsigned long absent;
    __asm__ __volatile__("amask %1,%0" : "=r"(absent) : "r"(features));
    return absent;
}

void vg_identity(vg_u32 *words, unsigned char *name)
{
    unsigned long cycles;
    vg_identity_begin(words, name);
    __asm__ __volatile__("rpcc %0" : "=r"(cycles));
    words[0] = (vg_u32)vg_implver();
    words[1] = (vg_u32)~vg_amask(~0ul);
    words[2] = (vg_u32)(cycles >> 32);
    words[3] = (vg_u32)VG_AUXVAL(VG_AT_HWCAP);
}
