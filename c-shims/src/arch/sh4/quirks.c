/*
 * Value probes 240 to 246 (../common/quirks.c) and 260 to 262.
 *
 * References: SH-4 Software Manual: SHLD by amounts of 32 and more; FTRC out of range; the cause
 * and flag fields of FPSCR. FIPR, whose errors would tell processors apart, ends a program under QEMU 7.2.
 */
#include "../common/quirks.c"

#if VG_IEEE
static vg_u32 vg_to_word(double x)
{
    vg_u32 word;
    __asm__ __volatile__("ftrc %1,fpul\n\tsts fpul,%0" : "=r"(word) : "f"(x) : "fpul");
    return word;
}
#endif

int vg_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    int i;
    for (i = 0; i < VG_QUIRK_WORDS; i++) {
        answer[i] = 0;
    }
    switch (probe) {
#if defined(__SH3__) || defined(__SH4__) || defined(__SH4A__) || defined(__SH_FPU_ANY__)
    case 260:
        /* Shifts by 32 to 63 to the left, and by as much to the right. */
        answer[0] = b;
        answer[1] = b;
        answer[2] = b;
        __asm__ __volatile__("shld %1,%0" : "+r"(answer[0]) : "r"(a % 32 + 32));
        __asm__ __volatile__("shld %1,%0" : "+r"(answer[1]) : "r"(0ul - (a % 32 + 32)));
        __asm__ __volatile__("shad %1,%0" : "+r"(answer[2]) : "r"(0ul - 32));
        return 1;
#endif
#if VG_IEEE
    case 261:
        /* Beyond 32 bits, either way; NaN. */
        answer[0] = vg_to_word(vg_binary64(0x43000000ul | (a & 0xfffff), b));
        answer[1] = vg_to_word(vg_binary64(0xc3000000ul | (a & 0xfffff), b));
        answer[2] = vg_to_word(vg_binary64(VG_QUIET_NAN | (a & 0x1ffff), b));
        return 1;
    case 262: {
        volatile double x = vg_binary64(0x3ff00000ul | (a & 0xfffff), b), y = 3.0;
        y = x / y;
        answer[0] = vg_fpscr();
        return 1;
    }
#endif
    default: return vg_common_quirk(probe, a, b, answer);
    }
}
