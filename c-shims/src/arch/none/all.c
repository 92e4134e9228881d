/* A processor without a folder: what the portable kernels do is all. */
#include "start.c"
#include "counter.c"
#include "identity.c"
#include "float.c"
#include "simd.c"
#include "quirks.c"
#include "fresh_code.c"
#include "trap.c"
