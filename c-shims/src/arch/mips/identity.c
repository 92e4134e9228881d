/*
 * What a program may read of the processor. Word 0: FIR of the floating-point unit (implementation
 * and revision in bits 15 to 0); 1: SYNCI_Step, bytes; 2: CCRes, cycles to a step of the counter;
 * 3: MSAIR of the vector unit; 4: the kernel's AT_HWCAP. The name is the kernel's AT_PLATFORM, where
 * it has one. PRId is privileged.
 *
 * References: MIPS32 Architecture volume I, "FIR"; volume II, "RDHWR"; volume IV-j, "MSAIR".
 */
void vg_identity(vg_u32 *words, unsigned char *name)
{
    vg_identity_begin(words, name);
#ifdef __mips_hard_float
    __asm__ __volatile__("cfc1 %0, $0" : "=r"(words[0]));
#endif
#if VG_HAS_RDHWR
    VG_RDHWR(words[1], VG_SYNCI_STEP);
    VG_RDHWR(words[2], VG_CC_RESOLUTION);
#endif
    words[3] = vg_msa_version();
    words[4] = (vg_u32)VG_AUXVAL(VG_AT_HWCAP);
}
