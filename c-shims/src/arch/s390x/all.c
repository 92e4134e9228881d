/* z/Architecture, 64-bit programs. */
#include "../none/start.c"
#include "identity.c"
#include "counter.c"
#include "float.c"
#include "../none/simd.c"
#include "quirks.c"
#include "fresh_code.c"
#include "trap.c"
