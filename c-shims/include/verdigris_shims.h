/*
 * Verdigris: the measuring kernels in portable C.
 *
 * For every processor that has a C compiler and no native back end. What each kernel computes is
 * laid down in probe-core (machine.rs); this is C89 and needs no library. Nothing here is timed:
 * the caller reads its counter before and after.
 *
 * Common to all chains: "n" is the turns of the loop, at least 1; "body" is VG_SINGLE or VG_DOUBLE,
 * the VG_UNROLL or 2 * VG_UNROLL operations in a straight line in that loop; "shape" is
 * VG_DEPENDENT for one lane or VG_INDEPENDENT for VG_INT_LANES or VG_FP_LANES lanes that share the
 * operations. Arrays of lanes hold the start values and receive the results; the dependent shape
 * uses lane 0 alone. All of them need a few words of stack and write only where they are told.
 */
#ifndef VERDIGRIS_SHIMS_H
#define VERDIGRIS_SHIMS_H

#include <limits.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An unsigned integer of exactly 32 bits. */
#if UINT_MAX == 0xffffffffu
typedef unsigned int vg_u32;
#elif ULONG_MAX == 0xffffffffu
typedef unsigned long vg_u32;
#else
#error "no unsigned integer type has 32 bits"
#endif

#define VG_UNROLL 48
#define VG_INT_LANES 4
#define VG_FP_LANES 8
#define VG_LOAD_RING 16

#define VG_DEPENDENT 0
#define VG_INDEPENDENT 1

#define VG_SINGLE 1
#define VG_DOUBLE 2

/* A link of a ring: the address of the next one. Volatile: every step is a load. */
struct vg_link {
    struct vg_link *volatile next;
};

/* x += y, y += x in turn, modulo 2^32. x and y: VG_INT_LANES words. */
void vg_int_add(int shape, int body, vg_u32 n, vg_u32 *x, vg_u32 *y);

/* x *= y, y *= x in turn, modulo 2^32. x and y: VG_INT_LANES words. */
void vg_int_mul(int shape, int body, vg_u32 n, vg_u32 *x, vg_u32 *y);

/*
 * x = c / x. x: VG_INT_LANES words. c at least 2^31 and x in [2^15, 2^16), so that no quotient
 * becomes 0; the caller checks.
 */
void vg_int_div(int shape, int body, vg_u32 n, vg_u32 *x, vg_u32 c);

/* x ^= x << 13, x ^= x >> 17, x ^= x << 5 in turn. x: VG_INT_LANES words. */
void vg_shift(int shape, int body, vg_u32 n, vg_u32 *x);

/*
 * at = at->next in a ring of VG_LOAD_RING links, which is laid here: slot i points to slot next[i],
 * each below VG_LOAD_RING. Lane i starts at slot i. ends: VG_INT_LANES words, the slots where the
 * lanes end.
 */
void vg_load(int shape, int body, vg_u32 n, const unsigned char *next, vg_u32 *ends);

/* *m += c through memory: each load waits for the store before it. One lane only. */
void vg_store_load(int body, vg_u32 n, volatile vg_u32 *m, vg_u32 c);

/*
 * Whether "double" is binary64, computed by the processor, and every operation on it is rounded to it
 * at once. 0 where values are kept with excess precision (the x87; the 68881 before vg_start): the
 * chains below then give other results than their meaning. 0 on 68k, SH, Alpha and s390x compiled for
 * no FPU, or for one that traps on NaN and subnormals (Alpha without -mieee). The caller reports the
 * chains as absent.
 */
int vg_strict_binary64(void);

/* x += *c. x: VG_FP_LANES numbers, as in all that follow. */
void vg_fp_add(int shape, int body, vg_u32 n, double *x, const double *c);

/* x *= *c, x *= *d in turn. */
void vg_fp_mul(int shape, int body, vg_u32 n, double *x, const double *c, const double *d);

/* x = *c / x. */
void vg_fp_div(int shape, int body, vg_u32 n, double *x, const double *c);

/* x = (x * *m) & *k on the bits of x; k is given as a double with those bits. */
void vg_fp_mul_mask(int shape, int body, vg_u32 n, double *x, const double *m, const double *k);

/* Follows "steps" links from "at"; steps may be 0. Returns where it ends. */
struct vg_link *vg_chase(struct vg_link *at, vg_u32 steps);

/*
 * n conditional branches, at least 1, each decided by the next of "period" bytes, round and round:
 * 0 one way, anything else the other. Returns how many went the other way.
 */
vg_u32 vg_branches(const unsigned char *directions, vg_u32 period, vg_u32 n);

/*
 * n calls, at least 1, through a pointer to one of 64 functions: the next of "length" bytes, each
 * below 64, round and round. Function t returns x * 5 + t. Returns x, which starts as 0.
 */
vg_u32 vg_indirect(const unsigned char *order, vg_u32 length, vg_u32 n);

/* n times "depth" (1 to 64) calls within each other. Returns the number of calls. */
vg_u32 vg_nested_calls(vg_u32 depth, vg_u32 n);

#ifdef __cplusplus
}
#endif

#endif
