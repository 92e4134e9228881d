/*
 * Value probes 240 to 246 (../common/quirks.c) and 255 to 258.
 *
 * References: PA-RISC 1.1 Architecture and Instruction Set Reference Manual: the shift amount
 * register has five bits; FCNVFXT without the trap enabled; DS, one step of a division.
 */
#include "../common/quirks.c"

#if VG_IEEE
/* A double converted to 32 bits, toward zero. */
static vg_u32 vg_to_word(double x)
{
    union {
        double align;
        vg_u32 word[2];
    } result;
    double converted;
    result.align = 0.0;
    __asm__ __volatile__("fcnvfxt,dbl,sgl %1,%0" : "=f"(converted) : "f"(x));
    __asm__ __volatile__("fstws %1,0(%0)" : : "r"(result.word), "f"(converted) : "memory");
    return result.word[0];
}
#endif

int vg_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    int i;
    for (i = 0; i < VG_QUIRK_WORDS; i++) {
        answer[i] = 0;
    }
    switch (probe) {
    case 255:
        /* A shift by 32 more than a register holds. */
        __asm__ __volatile__("mtsar %2\n\tvshd %%r0,%1,%0" : "=r"(answer[0]) : "r"(b), "r"(a % 32 + 32));
        return 1;
#if VG_IEEE
    case 256:
        /* Beyond 32 bits, either way; NaN. */
        answer[0] = vg_to_word(vg_binary64(0x43000000ul | (a & 0xfffff), b));
        answer[1] = vg_to_word(vg_binary64(0xc3000000ul | (a & 0xfffff), b));
        answer[2] = vg_to_word(vg_binary64(VG_QUIET_NAN | (a & 0x1ffff), b));
        answer[3] = vg_float_status();
        return 1;
#endif
    case 257: {
        /* One step of a division: the result, and the carry and borrow that it leaves. */
        vg_u32 step, carry;
        __asm__ __volatile__("ds %2,%3,%0\n\taddc %%r0,%%r0,%1" : "=&r"(step), "=r"(carry) : "r"(a), "r"(b));
        answer[0] = step;
        answer[1] = carry;
        return 1;
    }
    case 258:
        VG_SPACE(4, answer[0]);
        VG_SPACE(5, answer[1]);
        VG_SPACE(6, answer[2]);
        VG_SPACE(7, answer[3]);
        return 1;
    default: return vg_common_quirk(probe, a, b, answer);
    }
}
