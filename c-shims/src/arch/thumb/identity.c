#include "../common/clear.c"

/*
 * Who the processor says it is. The name stays empty: none is kept in a register.
 *
 * Words:
 *  0  CPUID, of the form of MIDR: implementer, variant, part number, revision; 0 without privileges
 */
void vg_identity(vg_u32 *words, unsigned char *name)
{
    vg_identity_clear(words, name);
    if (vg_privileged()) {
        words[0] = vg_system_register(VG_CPUID);
    }
}
