/* PA-RISC 1.1 and 2.0, 32-bit programs. */
#include "../none/start.c"
#include "counter.c"
#include "identity.c"
#include "float.c"
#include "../none/simd.c"
#include "quirks.c"
#include "fresh_code.c"
#include "trap.c"
