/*
 * What a program may read of the processor: word 0 is the version of the floating-point unit
 * (FSR.ver, 0 to 7; 7 means none), words 1 and 2 are the kernel's AT_HWCAP, low and high. The name is
 * the kernel's AT_PLATFORM, where it has one. VER itself is privileged.
 *
 * References: The SPARC Architecture Manual, Version 8, section 4.4; Version 9, section 5.1.7.
 */
#define VG_FSR_VERSION_SHIFT 17
#define VG_FSR_VERSION 7u

/* The low word of the FSR, which version 8 has alone. */
static vg_u32 vg_fsr(void)
{
#ifdef _SOFT_FLOAT
    return VG_FSR_VERSION << VG_FSR_VERSION_SHIFT;
#else
    vg_u32 fsr;
    __asm__ __volatile__("st %%fsr, %0" : "=m"(fsr));
    return fsr;
#endif
}

void vg_identity(vg_u32 *words, unsigned char *name)
{
    unsigned long features = VG_AUXVAL(VG_AT_HWCAP);
    vg_identity_begin(words, name);
    words[0] = vg_fsr() >> VG_FSR_VERSION_SHIFT & VG_FSR_VERSION;
    words[1] = (vg_u32)features;
    words[2] = (vg_u32)(features >> 16 >> 16);
}
