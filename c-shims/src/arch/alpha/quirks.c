/*
 * Value probes 240 to 246 (../common/quirks.c) and 250 to 253.
 *
 * References: Alpha Architecture Handbook: shifts take the low six bits of their count; CVTTQ gives
 * the low 64 bits of a result that does not fit (here chopped and without the overflow trap);
 * AMASK leaves the operand's undefined bits as they are; S and T formats in registers.
 */
#include "../common/quirks.c"

int vg_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    int i;
    for (i = 0; i < VG_QUIRK_WORDS; i++) {
        answer[i] = 0;
    }
    switch (probe) {
    case 250: {
        /* A shift by 32 to 63 and one by 64 more, of 64 bits. */
        unsigned long from = (unsigned long)b << 32 | a, left, right;
        unsigned long count = 32 + a % 32;
        __asm__ __volatile__("sll %1,%2,%0" : "=r"(left) : "r"(from), "r"(count));
        __asm__ __volatile__("srl %1,%2,%0" : "=r"(right) : "r"(from), "r"(count + 64));
        answer[0] = (vg_u32)left;
        answer[1] = (vg_u32)(left >> 32);
        answer[2] = (vg_u32)right;
        answer[3] = (vg_u32)(right >> 32);
        return 1;
    }
#if VG_IEEE
    case 251: {
        /* A number of about 2^70, converted to 64 bits. */
        double x = vg_binary64(0x44500000ul | (a & 0xfffff), b), whole;
        union {
            double number;
            unsigned long bits;
        } value;
        __asm__ __volatile__("cvttq/c %1,%0\n\ttrapb" : "=&f"(whole) : "f"(x));
        value.number = whole;
        answer[0] = (vg_u32)value.bits;
        answer[1] = (vg_u32)(value.bits >> 32);
        return 1;
    }
#endif
    case 252:
        answer[0] = (vg_u32)vg_implver();
        answer[1] = (vg_u32)~vg_amask(~0ul);
        answer[2] = (vg_u32)vg_amask(a);
        answer[3] = (vg_u32)(~vg_amask(~0ul) >> 32);
        return 1;
    case 253: {
        /* FPCR: what has accrued so far, and the mode. */
        union {
            double number;
            unsigned long bits;
        } value;
        double control;
        __asm__ __volatile__("excb\n\tmf_fpcr %0\n\texcb" : "=f"(control));
        value.number = control;
        answer[0] = (vg_u32)value.bits;
        answer[1] = (vg_u32)(value.bits >> 32);
        return 1;
    }
    default: return vg_common_quirk(probe, a, b, answer);
    }
}
