/* Zeroes the words and the name that a processor's identification goes to. */
static void vg_identity_clear(vg_u32 *words, unsigned char *name)
{
    int i;
    for (i = 0; i < VG_IDENTITY_WORDS; i++) {
        words[i] = 0;
    }
    for (i = 0; i < VG_IDENTITY_NAME; i++) {
        name[i] = 0;
    }
}
