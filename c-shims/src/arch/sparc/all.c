/*
 * SPARC, version 8 (32 bits) and version 9 (64 bits, or 32 bits with -mcpu=v9 and later).
 *
 * VIS instructions are written as words, because the usual compiler for 64-bit Linux assembles for
 * a version 9 without them; they are run only where "vis.c" says that they are there.
 */
#include "../common/auxv.c"
#include "../common/emit.c"
#include "vis.c"
#include "../none/start.c"
#include "counter.c"
#include "identity.c"
#include "float.c"
#include "simd.c"
#include "quirks.c"
#include "fresh_code.c"
#include "trap.c"
