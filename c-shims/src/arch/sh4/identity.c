/*
 * What a program can see of the processor.
 *
 * References: SH-4 Software Manual, "Floating-point status/control register (FPSCR)": DN (bit 18)
 * flushes subnormals, PR (19) and SZ (20) are operand sizes; reserved bits read 0.
 *
 * Words:
 *  0  FPSCR as the program started with it
 *  1  AT_HWCAP of Linux, where known
 */
#include "../common/auxv.c"

#if defined(__SH_FPU_ANY__)
static vg_u32 vg_fpscr(void)
{
    vg_u32 control;
    __asm__ __volatile__("sts fpscr,%0" : "=r"(control));
    return control;
}
#else
static vg_u32 vg_fpscr(void) { return 0; }
#endif

void vg_identity(vg_u32 *words, unsigned char *name)
{
    vg_identity_begin(words, name);
    words[0] = vg_fpscr();
    words[1] = (vg_u32)VG_AUXVAL(VG_AT_HWCAP);
}
