/*
 * MIPS I to V, MIPS32 and MIPS64 up to release 6, high or low bytes first.
 *
 * What the compiler was told of the processor (__mips, __mips_isa_rev) decides what is assembled;
 * MSA and the counter, which it may not be told of, are looked for when the program runs.
 */
#if defined(__mips_isa_rev)
#define VG_RELEASE __mips_isa_rev
#else
#define VG_RELEASE 0
#endif
#ifdef __MIPSEL__
#define VG_CODE_LITTLE 1
#endif
#include "../common/auxv.c"
#include "../common/emit.c"
#include "counter.c"
#include "simd.c"
#include "start.c"
#include "identity.c"
#include "float.c"
#include "quirks.c"
#include "fresh_code.c"
#include "trap.c"
