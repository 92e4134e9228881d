/*
 * 68020, 68030, 68040 and 68060, with and without an FPU.
 *
 * A 68000 or 68010 (compiled with -m68000) has what "none" has, its fresh code and its nop.
 * ColdFire, which shares the mnemonics and not the machine, has "none".
 */
#if defined(__mcoldfire__)
#define VG_M68020 0
#elif defined(__mc68020__) || defined(__mc68030__) || defined(__mc68040__) || defined(__mc68060__)
#define VG_M68020 1
#else
#define VG_M68020 0
#endif

/* Whether floating point is compiled to instructions of an FPU. */
#if VG_M68020 && defined(__HAVE_68881__)
#define VG_M68881 1
#else
#define VG_M68881 0
#endif

#include "start.c"
#include "../none/counter.c"
#include "flags.c"
#include "identity.c"
#include "float.c"
#include "../none/simd.c"
#include "quirks.c"
#include "fresh_code.c"
#include "trap.c"
