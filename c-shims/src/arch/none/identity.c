/* No identification registers. */
void vg_identity(vg_u32 *words, unsigned char *name)
{
    int i;
    for (i = 0; i < VG_IDENTITY_WORDS; i++) {
        words[i] = 0;
    }
    for (i = 0; i < VG_IDENTITY_NAME; i++) {
        name[i] = 0;
    }
}
