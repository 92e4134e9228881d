/*
 * Cortex-M and other ARM processors of the M profile, from version 7-M: Thumb-2 and no A32, so that the
 * folder of ARM in probe-arch is not for them. Version 6-M has what "none" has, and its identification.
 *
 * A program has no counter that every such processor has: SysTick has 24 bits and belongs to a system's
 * scheduler, the cycle counter of the DWT is optional. The firmware brings one.
 */
#include "system.h"
#include "../none/start.c"
#include "../none/counter.c"
#include "identity.c"
#include "../none/float.c"
#include "../none/simd.c"
#include "../none/quirks.c"
#if __ARM_ARCH >= 7
#include "fresh_code.c"
#else
#include "../none/fresh_code.c"
#endif
#include "../none/trap.c"
