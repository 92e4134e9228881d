#include "../common/clear.c"

/* No identification registers. */
void vg_identity(vg_u32 *words, unsigned char *name)
{
    vg_identity_clear(words, name);
}
