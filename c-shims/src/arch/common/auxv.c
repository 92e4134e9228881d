/*
 * What the kernel of Linux says of the processor: the auxiliary vector (getauxval(3)).
 *
 * The reference is weak: where no C library brings the function, everything reads as not known.
 */
#if defined(__linux__) && defined(__GNUC__)
extern unsigned long getauxval(unsigned long type) __attribute__((weak));
#define VG_AUXVAL(type) (getauxval ? getauxval(type) : 0ul)
#else
#define VG_AUXVAL(type) 0ul
#endif

/* <elf.h>: a string that names the processor, and its features as bits. */
#define VG_AT_PLATFORM 15
#define VG_AT_HWCAP 16

#include "clear.c"

/* Zeroes the words and takes the kernel's name for the processor, as far as it fits. */
static void vg_identity_begin(vg_u32 *words, unsigned char *name)
{
    const char *platform = (const char *)VG_AUXVAL(VG_AT_PLATFORM);
    int i;
    vg_identity_clear(words, name);
    for (i = 0; platform && platform[i] && i < VG_IDENTITY_NAME - 1; i++) {
        name[i] = (unsigned char)platform[i];
    }
}
