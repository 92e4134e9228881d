/*
 * The FPU's modes.
 *
 * References: MC68881/MC68882 User's Manual, section 2.2 "Floating-point control register";
 * M68000 Family Programmer's Reference Manual, section 1.2.2. Bits 7 and 6 of FPCR are the
 * rounding precision (10: double), bits 5 and 4 the rounding mode (00: to nearest, 01: to zero);
 * bits 15 to 8 enable traps.
 *
 * With the rounding precision of double every result has 53 bits at once, as the kernels mean it:
 * what a register can hold beyond binary64 is exponents, and the one kernel that leaves the range
 * of binary64 (products that overflow) stores each of them to a double, which brings the infinity.
 * Subnormal products have fewer significant bits than 53 and are exact in either range.
 */
#define VG_FPCR_DOUBLE 0x80ul
#define VG_FPCR_TO_ZERO 0x10ul

#if VG_M68881
/* Sets FPCR; gives what it was. */
static unsigned long vg_fpcr(unsigned long control)
{
    unsigned long before;
    __asm__ __volatile__("fmove%.l %!,%0\n\tfmove%.l %1,%!" : "=&d"(before) : "d"(control));
    return before;
}
#endif

void vg_start(void)
{
#if VG_M68881
    (void)vg_fpcr(VG_FPCR_DOUBLE);
#endif
}
