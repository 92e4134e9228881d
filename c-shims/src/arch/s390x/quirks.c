/*
 * Value probes 240 to 246 (../common/quirks.c) and 265 to 269.
 *
 * References: z/Architecture Principles of Operation: shift amounts have six bits; "CONVERT TO FIXED"
 * with its condition code; "EXTRACT CPU ATTRIBUTE" (facility 34: general-instructions extension),
 * cache sizes and line sizes; "TOD clock"; "STORE FACILITY LIST EXTENDED".
 */
#include "../common/quirks.c"

#define VG_FACILITY_ECAG 34
/* Operands of EXTRACT CPU ATTRIBUTE: the summary; line size and size of the first level's data
 * cache; the same of the second level. */
#define VG_ECAG_SUMMARY 0x00
#define VG_ECAG_LINE 0x10
#define VG_ECAG_SIZE 0x20
#define VG_ECAG_SECOND_SIZE 0x22

static unsigned long vg_attribute(unsigned long which)
{
    unsigned long value;
    __asm__ __volatile__(".insn rsy,0xeb000000004c,%0,0,0(%1)" : "=d"(value) : "a"(which));
    return value;
}

#if VG_IEEE
/* A double converted to 32 bits, toward zero, and the condition code above it. */
static vg_u32 vg_to_word(double x, vg_u32 *codes)
{
    unsigned long word, code;
    __asm__ __volatile__("cfdbr %0,5,%2\n\tipm %1" : "=d"(word), "=d"(code) : "f"(x) : "cc");
    *codes = *codes << 8 | (vg_u32)(code >> 28 & 3);
    return (vg_u32)word;
}
#endif

int vg_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    int i;
    for (i = 0; i < VG_QUIRK_WORDS; i++) {
        answer[i] = 0;
    }
    switch (probe) {
    case 265: {
        /* Shifts of 32 bits by 32 to 63, and a sign. */
        vg_u32 left = b, right = b, sign = b;
        __asm__ __volatile__("sll %0,0(%1)" : "+d"(left) : "a"((unsigned long)(a % 32 + 32)));
        __asm__ __volatile__("srl %0,0(%1)" : "+d"(right) : "a"((unsigned long)(a % 32 + 64)));
        __asm__ __volatile__("sra %0,0(%1)" : "+d"(sign) : "a"((unsigned long)(a % 32 + 32)) : "cc");
        answer[0] = left;
        answer[1] = right;
        answer[2] = sign;
        return 1;
    }
#if VG_IEEE
    case 266:
        /* Beyond 32 bits, either way; NaN; the condition codes. */
        answer[0] = vg_to_word(vg_binary64(0x43000000ul | (a & 0xfffff), b), &answer[3]);
        answer[1] = vg_to_word(vg_binary64(0xc3000000ul | (a & 0xfffff), b), &answer[3]);
        answer[2] = vg_to_word(vg_binary64(VG_QUIET_NAN | (a & 0x1ffff), b), &answer[3]);
        return 1;
#endif
    case 267: {
        unsigned long list[VG_FACILITY_WORDS];
        (void)vg_facilities(list);
        answer[0] = (vg_u32)(list[0] >> 32);
        answer[1] = (vg_u32)list[0];
        answer[2] = (vg_u32)(list[1] >> 32);
        answer[3] = (vg_u32)(list[2] >> 32);
        return 1;
    }
    case 268:
        if (!vg_has_facility(VG_FACILITY_ECAG)) {
            return 0;
        }
        answer[0] = (vg_u32)(vg_attribute(VG_ECAG_SUMMARY) >> 32);
        answer[1] = (vg_u32)vg_attribute(VG_ECAG_LINE);
        answer[2] = (vg_u32)vg_attribute(VG_ECAG_SIZE);
        answer[3] = (vg_u32)vg_attribute(VG_ECAG_SECOND_SIZE);
        return 1;
    case 269: {
        /* Which bits of the clock moved over readings in a row. */
        vg_u32 first[2], now[2];
        vg_counter(first);
        for (i = 0; i < 64; i++) {
            vg_counter(now);
            answer[0] |= first[0] ^ now[0];
        }
        answer[1] = now[0];
        return 1;
    }
    default: return vg_common_quirk(probe, a, b, answer);
    }
}
