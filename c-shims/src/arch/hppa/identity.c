/*
 * Who the processor is: hardly anything that says so may be read in user mode.
 *
 * References: PA-RISC 1.1 Architecture and Instruction Set Reference Manual, "Space registers" (4 to
 * 7 stand for the quarters of a program's addresses, and may be read), "Floating-point status
 * register".
 *
 * Words:
 *  0–3  space registers 4 to 7
 *  4    floating-point status register
 *  5    AT_HWCAP of Linux, where known
 */
#include "../common/auxv.c"

#define VG_SPACE(number, value) __asm__ __volatile__("mfsp %%sr" #number ",%0" : "=r"(value))

/* The floating-point status register: the first word of fr0. */
static vg_u32 vg_float_status(void)
{
    union {
        double align;
        vg_u32 word[2];
    } status;
    __asm__ __volatile__("fstd %%fr0,0(%1)" : "=m"(status) : "r"(&status));
    return status.word[0];
}

void vg_identity(vg_u32 *words, unsigned char *name)
{
    vg_identity_begin(words, name);
    VG_SPACE(4, words[0]);
    VG_SPACE(5, words[1]);
    VG_SPACE(6, words[2]);
    VG_SPACE(7, words[3]);
    words[4] = vg_float_status();
    words[5] = (vg_u32)VG_AUXVAL(VG_AT_HWCAP);
}
