/*
 * Who the processor is: the facilities, which a program may list; its number and model it may not
 * (STIDP is privileged), the kernel names the generation.
 *
 * References: z/Architecture Principles of Operation, "STORE FACILITY LIST EXTENDED" (bit 0 is the
 * leftmost; itself a facility of the z9: AT_HWCAP bit 2 says so on Linux).
 *
 * Words:
 *  0–7  the first four doublewords of the facility list, high words first
 *  8    AT_HWCAP of Linux, where known
 *  9    doublewords that the machine's list has
 */
#include "../common/auxv.c"

#define VG_HWCAP_STFLE 4ul
/* Doublewords asked for. */
#define VG_FACILITY_WORDS 4

/* Lists facilities; the doublewords that the list has, 0 where it cannot be asked for. */
static unsigned long vg_facilities(unsigned long *list)
{
    register unsigned long last __asm__("0") = VG_FACILITY_WORDS - 1;
    int i;
    for (i = 0; i < VG_FACILITY_WORDS; i++) {
        list[i] = 0;
    }
#if !defined(__ARCH__) || __ARCH__ < 7
    if (!(VG_AUXVAL(VG_AT_HWCAP) & VG_HWCAP_STFLE)) {
        return 0;
    }
#endif
    __asm__ __volatile__(".insn s,0xb2b00000,0(%1)"
                         : "+d"(last)
                         : "a"(list)
                         : "cc", "memory");
    return (last & 0xff) + 1;
}

/* Whether a facility of the first 64 is there. */
static int vg_has_facility(int number)
{
    unsigned long list[VG_FACILITY_WORDS];
    (void)vg_facilities(list);
    return (int)(list[0] >> (63 - number) & 1);
}

void vg_identity(vg_u32 *words, unsigned char *name)
{
    unsigned long list[VG_FACILITY_WORDS];
    int i;
    vg_identity_begin(words, name);
    words[9] = (vg_u32)vg_facilities(list);
    for (i = 0; i < VG_FACILITY_WORDS; i++) {
        words[2 * i] = (vg_u32)(list[i] >> 32);
        words[2 * i + 1] = (vg_u32)list[i];
    }
    words[8] = (vg_u32)VG_AUXVAL(VG_AT_HWCAP);
}
