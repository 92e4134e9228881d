/*
 * Which parts of the Visual Instruction Set there are.
 *
 * References: Linux, arch/sparc/include/asm/elf_64.h and uapi/asm/auxvec.h (AT_HWCAP);
 * arch/sparc/kernel/visemul.c (what the UltraSPARC T1 lacks is emulated).
 */
#ifdef __sparc_v9__

#define VG_HWCAP_VIS 0x2000ul
#define VG_HWCAP_VIS2 0x4000ul

/* What the compiler was told it may use: 0x100 for VIS 1, 0x200 for VIS 2. */
#ifdef __VIS__
#define VG_VIS_COMPILED __VIS__
#else
#define VG_VIS_COMPILED 0
#endif

/* Whether VIS of this level is executed by the processor itself, and may be timed. */
static int vg_vis(int level)
{
    unsigned long bit = level == 1 ? VG_HWCAP_VIS : VG_HWCAP_VIS2;
    return VG_VIS_COMPILED >= level * 0x100 || (VG_AUXVAL(VG_AT_HWCAP) & bit) != 0;
}

/*
 * Whether VIS 1 gives results at all. Every processor that 64-bit Linux runs on has it, or the kernel
 * emulates what is missing: kernels before 3.1 do not say so in AT_HWCAP, and neither do those of the
 * T1.
 */
static int vg_vis_answers(void)
{
#if defined(__linux__) && defined(__arch64__)
    return 1;
#else
    return vg_vis(1);
#endif
}

/*
 * ".macro vis opf, rs1, rs2, rd" on numbers of double registers (0 to 62, even), which are encoded
 * with their sixth bit in the place of the lowest; "ris" on encoded numbers. (Sun, "VIS Instruction Set User's
 * Manual", "Instruction Formats": op 2, op3 0x36.)
 */
#define VG_VIS_BEGIN \
    ".macro ris opf,s,t,d\n\t" \
    ".word 0x81b00000+((\\d)<<25)+((\\s)<<14)+((\\opf)<<5)+(\\t)\n\t" \
    ".endm\n\t" \
    ".macro vis opf,s,t,d\n\t" \
    "ris \\opf,(((\\s)&30)+((\\s)>>5)),(((\\t)&30)+((\\t)>>5)),(((\\d)&30)+((\\d)>>5))\n\t" \
    ".endm\n\t"
#define VG_VIS_END "\n\t.purgem vis\n\t.purgem ris"

#endif
