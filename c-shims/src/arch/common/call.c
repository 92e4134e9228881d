/* Calling code by the C convention of the system: an address becomes a function through a union,
 * since strict C knows no conversion between the two. */
vg_u32 vg_fresh_call(const unsigned char *code, vg_u32 x)
{
    union {
        const unsigned char *bytes;
        vg_u32 (*function)(vg_u32);
    } entry;
    entry.bytes = code;
    return entry.function(x);
}
