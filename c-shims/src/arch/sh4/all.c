/*
 * SH-4 and SH-4A, either byte order. Earlier ones (SH-1 to SH-3) have the integer parts.
 *
 * A program has no counter to read and no identification.
 */
#include "../none/start.c"
#include "../none/counter.c"
#include "identity.c"
#include "float.c"
#include "../none/simd.c"
#include "quirks.c"
#include "fresh_code.c"
#include "../none/trap.c"
