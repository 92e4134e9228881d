/* Chains of integer operations. */
#include "verdigris_shims.h"
#include "body.h"

/* One step of one lane is two operations. */
#define VG_PAIR(x, y, op) \
    x op y; \
    y op x;

/* Both halves of a step for all lanes. */
#define VG_PAIRS(op) \
    x0 op y0; \
    x1 op y1; \
    x2 op y2; \
    x3 op y3; \
    y0 op x0; \
    y1 op x1; \
    y2 op x2; \
    y3 op x3;

#define VG_PAIRWISE(name, op) \
    void name(int shape, int body, vg_u32 n, vg_u32 *x, vg_u32 *y) \
    { \
        vg_u32 x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3]; \
        vg_u32 y0 = y[0], y1 = y[1], y2 = y[2], y3 = y[3]; \
        if (shape == VG_DEPENDENT) { \
            VG_BODY(body, n, VG_24(VG_PAIR(x0, y0, op)), VG_48(VG_PAIR(x0, y0, op))) \
        } else { \
            VG_BODY(body, n, VG_6(VG_PAIRS(op)), VG_12(VG_PAIRS(op))) \
        } \
        x[0] = x0, x[1] = x1, x[2] = x2, x[3] = x3; \
        y[0] = y0, y[1] = y1, y[2] = y2, y[3] = y3; \
    }

VG_PAIRWISE(vg_int_add, +=)
VG_PAIRWISE(vg_int_mul, *=)

#define VG_DIVIDE(x) x = c / x;

#define VG_DIVIDES \
    VG_DIVIDE(x0) \
    VG_DIVIDE(x1) \
    VG_DIVIDE(x2) \
    VG_DIVIDE(x3)

void vg_int_div(int shape, int body, vg_u32 n, vg_u32 *x, vg_u32 c)
{
    vg_u32 x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
    if (shape == VG_DEPENDENT) {
        VG_BODY(body, n, VG_48(VG_DIVIDE(x0)), VG_96(VG_DIVIDE(x0)))
    } else {
        VG_BODY(body, n, VG_12(VG_DIVIDES), VG_24(VG_DIVIDES))
    }
    x[0] = x0, x[1] = x1, x[2] = x2, x[3] = x3;
}

/* One step of one lane is three operations. */
#define VG_XORSHIFT(x) \
    x ^= x << 13; \
    x ^= x >> 17; \
    x ^= x << 5;

#define VG_XORSHIFTS \
    x0 ^= x0 << 13; \
    x1 ^= x1 << 13; \
    x2 ^= x2 << 13; \
    x3 ^= x3 << 13; \
    x0 ^= x0 >> 17; \
    x1 ^= x1 >> 17; \
    x2 ^= x2 >> 17; \
    x3 ^= x3 >> 17; \
    x0 ^= x0 << 5; \
    x1 ^= x1 << 5; \
    x2 ^= x2 << 5; \
    x3 ^= x3 << 5;

void vg_shift(int shape, int body, vg_u32 n, vg_u32 *x)
{
    vg_u32 x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
    if (shape == VG_DEPENDENT) {
        VG_BODY(body, n, VG_16(VG_XORSHIFT(x0)), VG_32(VG_XORSHIFT(x0)))
    } else {
        VG_BODY(body, n, VG_4(VG_XORSHIFTS), VG_8(VG_XORSHIFTS))
    }
    x[0] = x0, x[1] = x1, x[2] = x2, x[3] = x3;
}
