/*
 * Chains of binary64 operations.
 *
 * Compiled with contraction and every fast-math liberty off. Where the processor's registers are
 * wider than binary64 (x87, 68881) see vg_strict_binary64.
 */
#include "verdigris_shims.h"
#include "body.h"

/* The M profile of ARM has units of all kinds, most of them without binary64 (ACLE: __ARM_FP, bit 3). */
#if defined(__ARM_FP)
#define VG_M_BINARY64 (__ARM_FP >> 3 & 1)
#else
#define VG_M_BINARY64 0
#endif

/*
 * Compiled to library calls, or to instructions that trap on what IEEE 754 asks for (Alpha without
 * -mieee): not the processor's own arithmetic, or not all of it.
 */
#if (defined(__m68k__) && !defined(__HAVE_68881__) && !defined(__mcffpu__)) || \
    (defined(__sh__) && !defined(__SH_FPU_DOUBLE__)) || \
    (defined(__alpha__) && !defined(_IEEE_FP)) || (defined(__s390x__) && defined(_SOFT_FLOAT)) || \
    (defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && !VG_M_BINARY64)
#define VG_NO_FPU 1
#else
#define VG_NO_FPU 0
#endif

int vg_strict_binary64(void)
{
    /* 1 + 2^-53 + 2^-70 is above the tie between 1 and 1 + 2^-52. Rounded to 64 bits first, it
     * falls on the tie, and then to 1. Volatile, so that it is computed when and as it runs. */
    volatile double one = 1.0;
    volatile double above_half = 1.0 / 9007199254740992.0 + 1.0 / 1180591620717411303424.0;
    volatile double ulp = 1.0 / 4503599627370496.0;
    volatile double sum = one + above_half;
    return !VG_NO_FPU && sizeof(double) == 8 && sum == one + ulp && sum != one;
}

#define VG_LANES(f) f(x0) f(x1) f(x2) f(x3) f(x4) f(x5) f(x6) f(x7)

#define VG_TAKE(x) \
    double x##0 = x[0], x##1 = x[1], x##2 = x[2], x##3 = x[3]; \
    double x##4 = x[4], x##5 = x[5], x##6 = x[6], x##7 = x[7];

#define VG_GIVE(x) \
    x[0] = x##0, x[1] = x##1, x[2] = x##2, x[3] = x##3; \
    x[4] = x##4, x[5] = x##5, x[6] = x##6, x[7] = x##7;

#define VG_ADD_C(x) x += c;
#define VG_MUL_C(x) x *= c;
#define VG_MUL_D(x) x *= d;
#define VG_DIV_C(x) x = c / x;

void vg_fp_add(int shape, int body, vg_u32 n, double *x, const double *constant)
{
    const double c = *constant;
    VG_TAKE(x)
    if (shape == VG_DEPENDENT) {
        VG_BODY(body, n, VG_48(VG_ADD_C(x0)), VG_96(VG_ADD_C(x0)))
    } else {
        VG_BODY(body, n, VG_6(VG_LANES(VG_ADD_C)), VG_12(VG_LANES(VG_ADD_C)))
    }
    VG_GIVE(x)
}

/* One step of one lane is two operations. */
#define VG_MUL_CD VG_MUL_C(x0) VG_MUL_D(x0)
#define VG_MULS_CD VG_LANES(VG_MUL_C) VG_LANES(VG_MUL_D)

void vg_fp_mul(int shape, int body, vg_u32 n, double *x, const double *first, const double *second)
{
    const double c = *first, d = *second;
    VG_TAKE(x)
    if (shape == VG_DEPENDENT) {
        VG_BODY(body, n, VG_24(VG_MUL_CD), VG_48(VG_MUL_CD))
    } else {
        VG_BODY(body, n, VG_3(VG_MULS_CD), VG_6(VG_MULS_CD))
    }
    VG_GIVE(x)
}

void vg_fp_div(int shape, int body, vg_u32 n, double *x, const double *constant)
{
    const double c = *constant;
    VG_TAKE(x)
    if (shape == VG_DEPENDENT) {
        VG_BODY(body, n, VG_48(VG_DIV_C(x0)), VG_96(VG_DIV_C(x0)))
    } else {
        VG_BODY(body, n, VG_6(VG_LANES(VG_DIV_C)), VG_12(VG_LANES(VG_DIV_C)))
    }
    VG_GIVE(x)
}

/* The bits of a double, in words that a register holds: one of 64 bits or two of 32. */
#if ULONG_MAX > 0xffffffffu
typedef unsigned long vg_word;
#define VG_MASK(bits, mask) bits.word[0] &= mask.word[0];
#else
typedef vg_u32 vg_word;
#define VG_MASK(bits, mask) \
    bits.word[0] &= mask.word[0]; \
    bits.word[1] &= mask.word[1];
#endif

union vg_bits {
    double number;
    vg_word word[sizeof(double) / sizeof(vg_word)];
};

#define VG_MUL_MASK(x) \
    bits.number = x * m; \
    VG_MASK(bits, mask) \
    x = bits.number;

void vg_fp_mul_mask(int shape, int body, vg_u32 n, double *x, const double *times, const double *k)
{
    const double m = *times;
    union vg_bits bits, mask;
    VG_TAKE(x)
    mask.number = *k;
    if (shape == VG_DEPENDENT) {
        VG_BODY(body, n, VG_48(VG_MUL_MASK(x0)), VG_96(VG_MUL_MASK(x0)))
    } else {
        VG_BODY(body, n, VG_6(VG_LANES(VG_MUL_MASK)), VG_12(VG_LANES(VG_MUL_MASK)))
    }
    VG_GIVE(x)
}
