/*
 * Value probes 240 to 246, in C alone: probe_core::channels::quirks::portable says what each
 * computes. Nothing here traps in an environment where IEEE arithmetic does not: on Alpha only what
 * was compiled with -mieee is run.
 *
 * References: IEEE 754-2008, sections 3.4, 4.3.1, 6.2; the psABI of each processor for the layout.
 */

#include <float.h>

/* Whether binary64 is computed by the processor, and subnormals, NaN and infinities do not trap. */
#if (defined(__alpha__) && !defined(_IEEE_FP)) || (defined(__sh__) && !defined(__SH_FPU_DOUBLE__)) || \
    (defined(__hppa__) && defined(__SOFTFP__)) || (defined(__s390x__) && defined(_SOFT_FLOAT))
#define VG_IEEE 0
#else
#define VG_IEEE 1
#endif

/* The fraction's first bits of a quiet NaN: a set first bit almost everywhere; HP's and Hitachi's
 * processors read that bit the other way round. */
#if defined(__hppa__) || defined(__sh__)
#define VG_QUIET_NAN 0x7ff40000ul
#else
#define VG_QUIET_NAN 0x7ff80000ul
#endif

union vg_binary64 {
    double number;
    vg_u32 word[2];
};

/* Index of the word with sign and exponent. */
static int vg_high_word(void)
{
    union vg_binary64 one;
    one.number = 1.0;
    return one.word[0] == 0;
}

/* The double with these bits; volatile reads keep the compiler from computing with it. */
static double vg_binary64(vg_u32 high, vg_u32 low)
{
    volatile union vg_binary64 value;
    int at = vg_high_word();
    value.word[at] = high;
    value.word[!at] = low;
    return value.number;
}

static void vg_binary64_bits(double number, vg_u32 *bits)
{
    union vg_binary64 value;
    int at = vg_high_word();
    value.number = number;
    bits[0] = value.word[at];
    bits[1] = value.word[!at];
}

/* Where the parts of a structure come to lie. */
#define VG_ALIGNMENT(type, member) ((vg_u32)(unsigned long)&((struct type *)0)->member)

struct vg_char_double {
    char first;
    double second;
};

struct vg_char_long {
    char first;
    long second;
};

struct vg_char_long_double {
    char first;
    long double second;
};

/* Sizes and alignments in bytes, eight bits each, and what char, double and shifts are like. */
static void vg_layout(vg_u32 *answer)
{
    static const double shown = 1.0;
    volatile int shifted = -2;
    const unsigned char *bytes = (const unsigned char *)&shown;
    answer[0] = VG_ALIGNMENT(vg_char_double, second) | VG_ALIGNMENT(vg_char_long, second) << 8 |
                VG_ALIGNMENT(vg_char_long_double, second) << 16 | (vg_u32)sizeof(long double) << 24;
    answer[1] = (vg_u32)sizeof(long) | (vg_u32)sizeof(void *) << 8 | (vg_u32)(CHAR_MIN != 0) << 16 |
                (vg_u32)(shifted >> 1 == -1) << 17;
    /* 3f f0 00 00 00 00 00 00 or backwards: the first and the last byte. */
    answer[2] = (vg_u32)bytes[0] << 8 | bytes[7];
    answer[3] = LDBL_MANT_DIG;
}

/* A common probe; 0 for another number. The words are zeroed already. */
static int vg_common_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    volatile double x, y;
    if (probe == 240) {
        vg_layout(answer);
        return 1;
    }
    if (!VG_IEEE) {
        return 0;
    }
    switch (probe) {
    case 241:
        x = 0.0;
        y = 0.0;
        vg_binary64_bits(x / y, answer);
        return 1;
    case 242:
        x = vg_binary64(VG_QUIET_NAN | (a & 0x1ffff), a ^ b);
        y = vg_binary64(VG_QUIET_NAN | (b & 0x1ffff), ~(a ^ b));
        vg_binary64_bits(x + y, answer);
        vg_binary64_bits(x * y, answer + 2);
        return 1;
    case 243:
        /* A subnormal halved. */
        x = vg_binary64((a & 0x7ffff) | 0x40000, b);
        y = 0.5;
        vg_binary64_bits(x * y, answer);
        return 1;
    case 244:
        /* A number in [1, 2), and half of its last bit more: a tie. */
        x = vg_binary64(0x3ff00000ul | (a & 0xfffff), b);
        y = 1.0 / 9007199254740992.0;
        vg_binary64_bits(x + y, answer);
        return 1;
    case 245:
        /* Infinity less infinity, infinity times zero. */
        x = vg_binary64(0x7ff00000ul, 0);
        y = 0.0;
        vg_binary64_bits(x - x, answer);
        vg_binary64_bits(x * y, answer + 2);
        return 1;
    case 246:
        /* A signalling NaN through an addition: what is left of its payload. */
        x = vg_binary64((VG_QUIET_NAN ^ 0xc0000ul) | (a & 0x1ffff), b);
        y = 1.0;
        vg_binary64_bits(x + y, answer);
        return 1;
    default: return 0;
    }
}
