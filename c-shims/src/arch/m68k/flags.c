/*
 * Condition codes where the manual leaves them undefined, each from two runs: "before" is the
 * CCR in which the instruction starts.
 *
 * References: M68000 Family Programmer's Reference Manual, "Condition Codes" of DIVU, DIVS, CHK,
 * ABCD, SBCD, NBCD. No instruction here can trap: divisors are not 0, and CHK's value is in
 * bounds. All of them are in hardware from the 68020 to the 68060.
 */
#if VG_M68020

/* X, N, Z, V and C. */
#define VG_CCR 0x1ful
/* N, Z, V and C. */
#define VG_NZVC 0x0ful

/* An instruction with a source and a destination in registers. */
#define VG_WITH_CCR(name, instruction) \
    static vg_u32 name(unsigned long before, vg_u32 source, vg_u32 *destination) \
    { \
        unsigned long after = 0; \
        vg_u32 result = *destination; \
        __asm__ __volatile__("move%.w %3,%%ccr\n\t" instruction "\n\tmove%.w %%ccr,%0" \
                             : "+d"(after), "+d"(result) \
                             : "d"(source), "d"(before) \
                             : "cc"); \
        *destination = result; \
        return (vg_u32)(after & VG_CCR); \
    }

VG_WITH_CCR(vg_divu_w, "divu%.w %2,%1")
VG_WITH_CCR(vg_divs_w, "divs%.w %2,%1")
VG_WITH_CCR(vg_chk_w, "chk%.w %2,%1")
VG_WITH_CCR(vg_abcd, "abcd %2,%1")
VG_WITH_CCR(vg_sbcd, "sbcd %2,%1")
/* The source stays unused. */
VG_WITH_CCR(vg_nbcd, "nbcd %1")

typedef vg_u32 (*vg_with_ccr)(unsigned long before, vg_u32 source, vg_u32 *destination);

/*
 * Runs an instruction from all flags clear and from "set". Gives both CCRs, the second in the high
 * half, and both results.
 */
static vg_u32 vg_two_runs(vg_with_ccr run, unsigned long set, vg_u32 source, vg_u32 destination,
                          vg_u32 *results)
{
    vg_u32 clear;
    results[0] = destination;
    results[1] = destination;
    clear = run(0, source, &results[0]);
    return clear | run(set, source, &results[1]) << 16;
}

/* A quotient that does not fit 16 bits: the dividend has its sign set, the divisor is 1 to 2^14. */
static vg_u32 vg_divu_overflow(vg_u32 a, vg_u32 b)
{
    vg_u32 results[2];
    return vg_two_runs(vg_divu_w, VG_NZVC, (b & 0x3fff) + 1, a | (vg_u32)1 << 31, results);
}

/*
 * A signed quotient of 2^15 to 2^16 - 1: beyond 16 bits, and not so far that the division would
 * give up at once. The divisor is in 2^14..2^15.
 */
static vg_u32 vg_divs_overflow(vg_u32 a, vg_u32 b)
{
    vg_u32 results[2];
    vg_u32 divisor = (b & 0x3fff) | 0x4000;
    return vg_two_runs(vg_divs_w, VG_NZVC, divisor, divisor * ((a & 0x7fff) | 0x8000), results);
}

/* A value in bounds: the bound is 1 to 2^15 - 1, the value at most the bound. */
static vg_u32 vg_chk_inside(vg_u32 a, vg_u32 b)
{
    vg_u32 results[2];
    vg_u32 bound = (a & 0x7fff) | 1;
    return vg_two_runs(vg_chk_w, VG_NZVC, bound, (b & 0xffff) % (bound + 1), results);
}

#endif
