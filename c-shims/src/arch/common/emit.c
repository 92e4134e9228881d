/* Writing code, byte for byte, so that neither the place's alignment nor the order in which the
 * compiler's machine keeps words matters. VG_CODE_LITTLE: low bytes first. */
#ifndef VG_CODE_LITTLE
#define VG_CODE_LITTLE 0
#endif

/* The bytes of one unit of code: 2 or 4. */
#ifndef VG_CODE_UNIT
#define VG_CODE_UNIT 4
#endif

/* Puts one unit at "at" and gives the place after it. */
static unsigned char *vg_emit(unsigned char *at, vg_u32 unit)
{
    int i;
    for (i = 0; i < VG_CODE_UNIT; i++) {
        int byte = VG_CODE_LITTLE ? i : VG_CODE_UNIT - 1 - i;
        at[i] = (unsigned char)(unit >> (8 * byte));
    }
    return at + VG_CODE_UNIT;
}
