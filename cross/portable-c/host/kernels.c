/*
 * The kernels as imports: addresses of the module become addresses of the machine, arrays are copied in
 * and out. What is measured runs in the kernels themselves, on the machine's own words.
 */
#include <string.h>

#include "host.h"

/* The longest pattern that a channel sends: RANDOM of probe-core's branch.rs. */
#define MOST_BYTES 8192u

/* The pattern that is being walked: there is one at a time. */
static unsigned char pattern[MOST_BYTES];

static void take_words(u32 address, vg_u32 *to, u32 count)
{
    u32 i, word;
    for (i = 0; i < count; i++) {
        memcpy(&word, vh_at(address + 4 * i, 4), 4);
        to[i] = word;
    }
}

static void give_words(u32 address, const vg_u32 *from, u32 count)
{
    u32 i, word;
    for (i = 0; i < count; i++) {
        word = (u32)from[i];
        memcpy(vh_at(address + 4 * i, 4), &word, 4);
    }
}

static void take_doubles(u32 address, double *to, u32 count)
{
    u32 i;
    for (i = 0; i < count; i++) {
        memcpy(&to[i], vh_at(address + 8 * i, 8), 8);
    }
}

static void give_doubles(u32 address, const double *from, u32 count)
{
    u32 i;
    for (i = 0; i < count; i++) {
        memcpy(vh_at(address + 8 * i, 8), &from[i], 8);
    }
}

void Z_envZ_vg_int_add(u32 shape, u32 body, u32 n, u32 x, u32 y)
{
    vg_u32 a[VG_INT_LANES], b[VG_INT_LANES];
    take_words(x, a, VG_INT_LANES);
    take_words(y, b, VG_INT_LANES);
    vg_int_add((int)shape, (int)body, n, a, b);
    give_words(x, a, VG_INT_LANES);
    give_words(y, b, VG_INT_LANES);
}

void Z_envZ_vg_int_mul(u32 shape, u32 body, u32 n, u32 x, u32 y)
{
    vg_u32 a[VG_INT_LANES], b[VG_INT_LANES];
    take_words(x, a, VG_INT_LANES);
    take_words(y, b, VG_INT_LANES);
    vg_int_mul((int)shape, (int)body, n, a, b);
    give_words(x, a, VG_INT_LANES);
    give_words(y, b, VG_INT_LANES);
}

void Z_envZ_vg_int_div(u32 shape, u32 body, u32 n, u32 x, u32 c)
{
    vg_u32 a[VG_INT_LANES];
    take_words(x, a, VG_INT_LANES);
    vg_int_div((int)shape, (int)body, n, a, c);
    give_words(x, a, VG_INT_LANES);
}

void Z_envZ_vg_shift(u32 shape, u32 body, u32 n, u32 x)
{
    vg_u32 a[VG_INT_LANES];
    take_words(x, a, VG_INT_LANES);
    vg_shift((int)shape, (int)body, n, a);
    give_words(x, a, VG_INT_LANES);
}

void Z_envZ_vg_load(u32 shape, u32 body, u32 n, u32 next, u32 ends)
{
    unsigned char order[VG_LOAD_RING];
    vg_u32 at[VG_INT_LANES];
    vh_take(next, order, VG_LOAD_RING);
    vg_load((int)shape, (int)body, n, order, at);
    give_words(ends, at, VG_INT_LANES);
}

void Z_envZ_vg_store_load(u32 body, u32 n, u32 m, u32 c)
{
    vg_u32 word;
    take_words(m, &word, 1);
    vg_store_load((int)body, n, &word, c);
    give_words(m, &word, 1);
}

u32 Z_envZ_vg_strict_binary64(void)
{
    return (u32)vg_strict_binary64();
}

void Z_envZ_vg_fp_add(u32 shape, u32 body, u32 n, u32 x, u32 c)
{
    double a[VG_FP_LANES], b;
    take_doubles(x, a, VG_FP_LANES);
    take_doubles(c, &b, 1);
    vg_fp_add((int)shape, (int)body, n, a, &b);
    give_doubles(x, a, VG_FP_LANES);
}

void Z_envZ_vg_fp_mul(u32 shape, u32 body, u32 n, u32 x, u32 c, u32 d)
{
    double a[VG_FP_LANES], b, e;
    take_doubles(x, a, VG_FP_LANES);
    take_doubles(c, &b, 1);
    take_doubles(d, &e, 1);
    vg_fp_mul((int)shape, (int)body, n, a, &b, &e);
    give_doubles(x, a, VG_FP_LANES);
}

void Z_envZ_vg_fp_div(u32 shape, u32 body, u32 n, u32 x, u32 c)
{
    double a[VG_FP_LANES], b;
    take_doubles(x, a, VG_FP_LANES);
    take_doubles(c, &b, 1);
    vg_fp_div((int)shape, (int)body, n, a, &b);
    give_doubles(x, a, VG_FP_LANES);
}

void Z_envZ_vg_fp_mul_mask(u32 shape, u32 body, u32 n, u32 x, u32 m, u32 k)
{
    double a[VG_FP_LANES], b, mask;
    take_doubles(x, a, VG_FP_LANES);
    take_doubles(m, &b, 1);
    take_doubles(k, &mask, 1);
    vg_fp_mul_mask((int)shape, (int)body, n, a, &b, &mask);
    give_doubles(x, a, VG_FP_LANES);
}

u32 Z_envZ_vg_fp_sqrt(u32 shape, u32 body, u32 n, u32 x, u32 c)
{
    double a[VG_FP_LANES], b;
    int done;
    take_doubles(x, a, VG_FP_LANES);
    take_doubles(c, &b, 1);
    done = vg_fp_sqrt((int)shape, (int)body, n, a, &b);
    give_doubles(x, a, VG_FP_LANES);
    return (u32)done;
}

u32 Z_envZ_vg_fp_rounding(u32 body, u32 n)
{
    return (u32)vg_fp_rounding((int)body, n);
}

u32 Z_envZ_vg_vector(u32 op, u32 shape, u32 body, u32 n, u32 v, u32 a, u32 control)
{
    vg_u32 lanes[4 * VG_FP_LANES], operand[4];
    unsigned char order[16];
    int done;
    take_words(v, lanes, 4 * VG_FP_LANES);
    take_words(a, operand, 4);
    vh_take(control, order, sizeof order);
    done = vg_vector((int)op, (int)shape, (int)body, n, lanes, operand, order);
    give_words(v, lanes, 4 * VG_FP_LANES);
    return (u32)done;
}

/* Links are the machine's addresses, wherever it keeps the module's memory. */
void Z_envZ_vg_link(u32 at, u32 to)
{
    struct vg_link *link = (struct vg_link *)(void *)vh_at(at, 8);
    link->next = (struct vg_link *)(void *)vh_at(to, 8);
}

u32 Z_envZ_vg_chase(u32 at, u32 steps)
{
    unsigned char *start = vh_at(0, 8);
    struct vg_link *link = (struct vg_link *)(void *)vh_at(at, 8);
    unsigned char *end = (unsigned char *)(void *)vg_chase(link, steps);
#if WABT_BIG_ENDIAN
    return (u32)(start - end);
#else
    return (u32)(end - start);
#endif
}

u32 Z_envZ_vg_branches(u32 directions, u32 period, u32 n)
{
    if (period > MOST_BYTES) {
        vh_fault(VH_OUT_OF_BOUNDS);
    }
    vh_take(directions, pattern, period);
    return vg_branches(pattern, period, n);
}

u32 Z_envZ_vg_indirect(u32 order, u32 length, u32 n)
{
    if (length > MOST_BYTES) {
        vh_fault(VH_OUT_OF_BOUNDS);
    }
    vh_take(order, pattern, length);
    return vg_indirect(pattern, length, n);
}

u32 Z_envZ_vg_nested_calls(u32 depth, u32 n)
{
    return vg_nested_calls(depth, n);
}

void Z_envZ_vg_start(void)
{
    vg_start();
}

u32 Z_envZ_vg_arch(void)
{
    return (u32)vg_arch();
}

u32 Z_envZ_vg_counter_bits(void)
{
    return (u32)vg_counter_bits();
}

void Z_envZ_vg_counter(u32 now)
{
    vg_u32 words[2];
    vg_counter(words);
    give_words(now, words, 2);
}

void Z_envZ_vg_identity(u32 words, u32 name)
{
    vg_u32 registers[VG_IDENTITY_WORDS];
    unsigned char text[VG_IDENTITY_NAME];
    vg_identity(registers, text);
    give_words(words, registers, VG_IDENTITY_WORDS);
    vh_give(name, text, sizeof text);
}

u32 Z_envZ_vg_vector_unit(void)
{
    return (u32)vg_vector_unit();
}

u32 Z_envZ_vg_quirk(u32 probe, u32 a, u32 b, u32 answer)
{
    vg_u32 words[VG_QUIRK_WORDS];
    int done = vg_quirk(probe, a, b, words);
    give_words(answer, words, VG_QUIRK_WORDS);
    return (u32)done;
}

u32 Z_envZ_vg_fresh_encode(u32 adds, u32 constant, u32 code, u32 room)
{
    unsigned char bytes[VG_MAX_FRESH_BYTES];
    vg_u32 length = vg_fresh_encode(adds, constant, bytes, room < sizeof bytes ? room : sizeof bytes);
    vh_give(code, bytes, (u32)length);
    return (u32)length;
}

void Z_envZ_vg_fresh_synchronise(u32 code, u32 bytes)
{
    vg_fresh_synchronise(vh_code(code), bytes);
}

u32 Z_envZ_vg_fresh_call(u32 code, u32 x)
{
    return vg_fresh_call(vh_code(code), x);
}

u32 Z_envZ_vg_trap(u32 kind)
{
    return (u32)vg_trap((int)kind);
}
