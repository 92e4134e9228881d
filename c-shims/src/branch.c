/* Conditional branches, calls through pointers, nested calls. */
#include "verdigris_shims.h"
#include "body.h"

vg_u32 vg_branches(const unsigned char *directions, vg_u32 period, vg_u32 n)
{
    vg_u32 taken = 0;
    vg_u32 index = 0;
    volatile unsigned char branch = 0;
    do {
        if (directions[index] != 0) {
            /* A volatile store cannot become a conditional move. */
            branch = 1;
            ++taken;
        }
        if (++index == period) {
            index = 0;
        }
    } while (--n);
    (void)branch;
    return taken;
}

/* f(00) to f(77), in octal. */
#define VG_ROW(f, r) f(r##0) f(r##1) f(r##2) f(r##3) f(r##4) f(r##5) f(r##6) f(r##7)
#define VG_ALL(f) \
    VG_ROW(f, 0) VG_ROW(f, 1) VG_ROW(f, 2) VG_ROW(f, 3) \
    VG_ROW(f, 4) VG_ROW(f, 5) VG_ROW(f, 6) VG_ROW(f, 7)

#define VG_TARGET(t) \
    static vg_u32 vg_target_##t(vg_u32 x) \
    { \
        return x * 5u + 0##t##u; \
    }
#define VG_TARGET_NAME(t) vg_target_##t,

VG_ALL(VG_TARGET)

vg_u32 vg_indirect(const unsigned char *order, vg_u32 length, vg_u32 n)
{
    static vg_u32 (*const targets[])(vg_u32) = {VG_ALL(VG_TARGET_NAME)};
    vg_u32 x = 0;
    vg_u32 index = 0;
    do {
        x = targets[order[index]](x);
        if (++index == length) {
            index = 0;
        }
    } while (--n);
    return x;
}

/*
 * Function t calls function t + 1 and adds one after it has come back, so that the call is no
 * jump; the last calls nothing. They find each other through a volatile table: otherwise a
 * compiler would put one into the other.
 */
typedef vg_u32 (*vg_nest)(void);

#define VG_DECLARE(t) static vg_u32 vg_nest_##t(void);
#define VG_NEST_NAME(t) vg_nest_##t,
#define VG_NEST(t) \
    static vg_u32 vg_nest_##t(void) \
    { \
        return vg_nests[0##t + 1]() + 1u; \
    }

VG_ALL(VG_DECLARE)

static const vg_nest volatile vg_nests[] = {VG_ALL(VG_NEST_NAME)};

VG_ROW(VG_NEST, 0)
VG_ROW(VG_NEST, 1)
VG_ROW(VG_NEST, 2)
VG_ROW(VG_NEST, 3)
VG_ROW(VG_NEST, 4)
VG_ROW(VG_NEST, 5)
VG_ROW(VG_NEST, 6)
VG_NEST(70)
VG_NEST(71)
VG_NEST(72)
VG_NEST(73)
VG_NEST(74)
VG_NEST(75)
VG_NEST(76)

static vg_u32 vg_nest_77(void)
{
    return 1;
}

vg_u32 vg_nested_calls(vg_u32 depth, vg_u32 n)
{
    vg_u32 calls = 0;
    do {
        calls += vg_nests[64 - depth]();
    } while (--n);
    return calls;
}
