/* Calling code by the C convention of the system: an address becomes a function through a union,
 * since strict C knows no conversion between the two. Bits that a state of the processor is chosen by stand in
 * VG_CODE_STATE. */
#if !defined(VG_CODE_STATE)
#define VG_CODE_STATE 0
#endif

vg_u32 vg_fresh_call(const unsigned char *code, vg_u32 x)
{
    union {
        const unsigned char *bytes;
        vg_u32 (*function)(vg_u32);
    } entry;
    entry.bytes = code + VG_CODE_STATE;
    return entry.function(x);
}
