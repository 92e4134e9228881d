/*
 * Alpha, 21064 to 21364.
 *
 * Floating point needs code compiled with -mieee (the default of GNU compilers for Linux): without
 * it NaN, infinities and subnormals end the program with SIGFPE.
 */
#include "../none/start.c"
#include "counter.c"
#include "identity.c"
#include "float.c"
#include "../none/simd.c"
#include "quirks.c"
#include "fresh_code.c"
#include "trap.c"
