/*
 * Value probes: what each computes is said in probe_core::channels::quirks::sparc.
 *
 * References: The SPARC Architecture Manual, Version 8, sections 4.4 (FSR), B.14 to B.20 (tagged
 * arithmetic, multiply step, multiply, divide), appendix N; Version 9, 5.1.7, annex B; Sun, "VIS
 * Instruction Set User's Manual". No trap is enabled, and no operand raises one: divisors are odd.
 */
#ifdef _SOFT_FLOAT
#include "../none/quirks.c"
#else

/* FSR: trap enables, and the mode for nonstandard results. */
#define VG_FSR_TRAPS 0x0f800000u
#define VG_FSR_NONSTANDARD 0x00400000u

union vg_binary64 {
    double number;
    vg_u32 word[2];
};

static double vg_number(vg_u32 high, vg_u32 low)
{
    union vg_binary64 bits;
    bits.word[0] = high;
    bits.word[1] = low;
    return bits.number;
}

static void vg_words(double number, vg_u32 *words)
{
    union vg_binary64 bits;
    bits.number = number;
    words[0] = bits.word[0];
    words[1] = bits.word[1];
}

/* A product under the FSR "set"; keeps what it left there, and puts the old FSR back. */
#define VG_PRODUCT(x, y) \
    __asm__ __volatile__( \
        "st %%fsr, %1\n\tld %3, %%fsr\n\tfmuld %4, %5, %0\n\tst %%fsr, %2\n\tld %1, %%fsr" \
        : "=&e"(result), "=m"(kept), "=m"(left) \
        : "m"(set), "e"(x), "e"(y))

static int vg_float_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    vg_u32 kept, set = 0, left;
    double result;
    switch (probe) {
    case 140: /* fsr */
        set = a & ~VG_FSR_TRAPS;
        __asm__ __volatile__("st %%fsr, %0\n\tld %2, %%fsr\n\tst %%fsr, %1\n\tld %0, %%fsr"
                             : "=m"(kept), "=m"(left)
                             : "m"(set));
        answer[0] = left;
        return 1;
    case 141: { /* nonstandard */
        double subnormal = vg_number((a & 0x800fffffu) | 1u, b), one = 1.0;
        set = VG_FSR_NONSTANDARD;
        VG_PRODUCT(subnormal, one);
        break;
    }
    case 142: { /* tiny: (1 + k * 2^-52) * 2^-511 and (1 - k * 2^-52) * 2^-511 */
        vg_u32 k = (a & 0xffffffu) | 1u;
        double above = vg_number(0x20000000u, k), below = vg_number(0x1fffffffu, 0u - 2u * k);
        VG_PRODUCT(above, below);
        break;
    }
    case 143: { /* fdtoi */
        double nan = vg_number((a & 0x8007ffffu) | 0x7ff80000u, b);
        union {
            float number;
            vg_u32 word;
        } to;
        __asm__ __volatile__(
            "st %%fsr, %1\n\tld %3, %%fsr\n\tfdtoi %4, %0\n\tst %%fsr, %2\n\tld %1, %%fsr"
            : "=&f"(to.number), "=m"(kept), "=m"(left)
            : "m"(set), "e"(nan));
        answer[0] = to.word;
        answer[1] = left;
        return 1;
    }
    case 144: { /* nan */
        double first = vg_number((a & 0x8007ffffu) | 0x7ff80000u, b);
        double second = vg_number((b & 0x8007ffffu) | 0x7ff80000u, a), zero = vg_number(0, 0);
        __asm__ __volatile__("faddd %1, %2, %0" : "=e"(result) : "e"(first), "e"(second));
        vg_words(result, answer);
        __asm__ __volatile__("fdivd %1, %1, %0" : "=e"(result) : "e"(zero));
        vg_words(result, answer + 2);
        return 1;
    }
    default:
        return 0;
    }
    vg_words(result, answer);
    answer[2] = left;
    return 1;
}

/* The integer condition codes as four bits: N 8, Z 4, V 2, C 1. An annulled slot is executed only if its
 * branch is taken, and OR leaves the codes alone. */
#define VG_CODES(at) \
    "\n\tmov 0, " at "\n\t" \
    "bneg,a 1f\n\tor " at ", 8, " at "\n1:\t" \
    "be,a 1f\n\tor " at ", 4, " at "\n1:\t" \
    "bvs,a 1f\n\tor " at ", 2, " at "\n1:\t" \
    "bcs,a 1f\n\tor " at ", 1, " at "\n1:"

/* One instruction on two registers, with Y before and after. Three instructions may pass before a
 * new Y is seen. */
#define VG_WITH_Y(instruction, x, z) \
    __asm__ __volatile__( \
        "wr %5, 0, %%y\n\tnop\n\tnop\n\tnop\n\tsubcc %3, %4, %%g0\n\t" instruction \
        " %3, %4, %0" VG_CODES("%1") "\n\trd %%y, %2" \
        : "=&r"(result), "=&r"(codes), "=&r"(y) \
        : "r"(x), "r"(z), "r"(y_before) \
        : "cc")

static int vg_integer_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    vg_u32 result, codes, y, y_before = 0;
    switch (probe) {
    case 145: /* udivcc */
        y_before = a & 0xffffu;
        VG_WITH_Y("udivcc", b, (a >> 15 | 1u));
        break;
    case 146: /* sdivcc */
        y_before = (a & 0xffffu) | (0u - (a >> 15 & 1u)) << 16;
        VG_WITH_Y("sdivcc", b, (a >> 15 | 1u));
        break;
    case 147: /* mulscc */
        y_before = a ^ (b << 16 | b >> 16);
        VG_WITH_Y("mulscc", a, b);
        answer[2] = y;
        break;
    case 148: /* umulcc, smulcc */
        VG_WITH_Y("umulcc", a, b);
        answer[0] = result;
        answer[2] = y;
        answer[1] = codes;
        VG_WITH_Y("smulcc", a, b);
        answer[1] |= codes << 4;
        answer[3] = y;
        return 1;
    case 149: /* taddcc, tsubcc */
        VG_WITH_Y("taddcc", a, b);
        answer[0] = result;
        answer[1] = codes;
        VG_WITH_Y("tsubcc", a, b);
        answer[2] = result;
        answer[3] = codes;
        return 1;
    default:
        return 0;
    }
    answer[0] = result;
    answer[1] = codes;
    return 1;
}

#ifdef __sparc_v9__

/* Encoded numbers of %o0 and %o1. */
#define VG_O0 "8"
#define VG_O1 "9"

/* An instruction on the integers x and z, result in "result". */
#define VG_ON_INTEGERS(opf, x, z) \
    { \
        register unsigned long first __asm__("o0") = (x); \
        register unsigned long second __asm__("o1") = (z); \
        __asm__ __volatile__(VG_VIS_BEGIN "ris " opf "," VG_O0 "," VG_O1 "," VG_O0 VG_VIS_END \
                             : "+r"(first) \
                             : "r"(second) \
                             : "cc"); \
        result = (vg_u32)first; \
    }

/*
 * An instruction on single registers with odd numbers, s and t of %f1, %f3 and %f4 (a double),
 * result in the doubles %f6 and, before, "accumulated" there. %f32 and %f34, which the encodings of
 * %f1 and %f3 name where a double is meant, hold 0.
 */
#define VG_ON_FLOATS(opf, s, t) \
    __asm__ __volatile__( \
        VG_VIS_BEGIN \
        "ld %1, %%f1\n\tld %2, %%f3\n\tldd %3, %%f4\n\tldd %4, %%f6\n\t" \
        "ris 0x60,0,0,1\n\tris 0x60,0,0,3\n\t" \
        "ris " opf "," s "," t ",6\n\tstd %%f6, %0" VG_VIS_END \
        : "=m"(to) \
        : "m"(one), "m"(two), "m"(both), "m"(accumulated) \
        : "f1", "f3", "f4", "f5", "f6", "f7", "f32", "f34")

static int vg_vis_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    union vg_binary64 both, accumulated, to;
    vg_u32 one = a, two = b, result;
    both.word[0] = b;
    both.word[1] = a ^ b;
    accumulated.word[0] = a;
    accumulated.word[1] = b;
    switch (probe) {
    case 150: { /* edge */
        vg_u32 start = a, end = (b & 7u) | (a & ~7u);
        VG_ON_INTEGERS("0x00", start, end)
        answer[0] = result;
        VG_ON_INTEGERS("0x04", start, end)
        answer[0] |= result << 8;
        VG_ON_INTEGERS("0x08", start, end)
        answer[0] |= result << 12;
        VG_ON_INTEGERS("0x02", start, end)
        answer[0] |= result << 16;
        VG_ON_INTEGERS("0x06", start, end)
        answer[0] |= result << 24;
        VG_ON_INTEGERS("0x0a", start, end)
        answer[0] |= result << 28;
        return 1;
    }
    case 151: /* array8 */
#ifdef __arch64__
        VG_ON_INTEGERS("0x10", (unsigned long)a << 32 | b, a % 6)
        answer[0] = result;
        return 1;
#else
        return 0;
#endif
    case 152: /* fmul8x16 */
        VG_ON_FLOATS("0x31", "1", "4");
        break;
    case 153: /* fmul8x16au */
        VG_ON_FLOATS("0x33", "1", "3");
        break;
    case 154: /* fmul8x16al */
        VG_ON_FLOATS("0x35", "1", "3");
        break;
    case 155: /* fmuld8ulx16 */
        VG_ON_FLOATS("0x39", "1", "3");
        break;
    case 156: /* fexpand */
        VG_ON_FLOATS("0x4d", "0", "3");
        break;
    case 157: /* fpmerge */
        VG_ON_FLOATS("0x4b", "1", "3");
        break;
    case 158: /* fpack16: GSR.scale is bits 3 to 7 */
        __asm__ __volatile__("wr %0, 0, %%asr19" : : "r"((a & 15u) << 3));
        VG_ON_FLOATS("0x3b", "0", "4");
        answer[0] = to.word[0];
        return 1;
    case 159: /* pdist */
        VG_ON_FLOATS("0x3e", "4", "6");
        break;
    default:
        return 0;
    }
    answer[0] = to.word[0];
    answer[1] = to.word[1];
    return 1;
}

#endif

int vg_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    int i;
    for (i = 0; i < VG_QUIRK_WORDS; i++) {
        answer[i] = 0;
    }
    if (vg_float_quirk(probe, a, b, answer) || vg_integer_quirk(probe, a, b, answer)) {
        return 1;
    }
#ifdef __sparc_v9__
    return vg_vis_answers() && vg_vis_quirk(probe, a, b, answer);
#else
    return 0;
#endif
}

#endif
