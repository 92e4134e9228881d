/*
 * The folder of the processor that this compiler makes code for.
 *
 * Each folder has the same files: counter.c, identity.c, float.c, simd.c, quirks.c, fresh_code.c and
 * trap.c, included from its all.c, which names a file of "none" for what the architecture lacks.
 */
#include "verdigris_arch.h"
#include "body.h"

#if defined(__x86_64__)
#define VG_ARCH VG_ARCH_X86_64
#elif defined(__i386__)
#define VG_ARCH VG_ARCH_X86
#elif defined(__powerpc64__)
#define VG_ARCH VG_ARCH_POWERPC64
#elif defined(__powerpc__)
#define VG_ARCH VG_ARCH_POWERPC
#elif defined(__arm__)
#define VG_ARCH VG_ARCH_ARM
#elif defined(__aarch64__)
#define VG_ARCH VG_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define VG_ARCH VG_ARCH_RISCV64
#elif defined(__sparc__) && defined(__arch64__)
#define VG_ARCH VG_ARCH_SPARC64
#elif defined(__sparc__)
#define VG_ARCH VG_ARCH_SPARC
#elif defined(__mips64)
#define VG_ARCH VG_ARCH_MIPS64
#elif defined(__mips__)
#define VG_ARCH VG_ARCH_MIPS
#elif defined(__m68k__)
#define VG_ARCH VG_ARCH_M68K
#elif defined(__alpha__)
#define VG_ARCH VG_ARCH_ALPHA
#elif defined(__hppa__)
#define VG_ARCH VG_ARCH_HPPA
#elif defined(__sh__)
#define VG_ARCH VG_ARCH_SH4
#elif defined(__s390x__)
#define VG_ARCH VG_ARCH_S390X
#else
#define VG_ARCH VG_ARCH_OTHER
#endif

int vg_arch(void) { return VG_ARCH; }

#if VG_ARCH == VG_ARCH_SPARC || VG_ARCH == VG_ARCH_SPARC64
#include "arch/sparc/all.c"
#elif VG_ARCH == VG_ARCH_MIPS || VG_ARCH == VG_ARCH_MIPS64
#include "arch/mips/all.c"
#elif VG_ARCH == VG_ARCH_M68K
#include "arch/m68k/all.c"
#elif VG_ARCH == VG_ARCH_ALPHA
#include "arch/alpha/all.c"
#elif VG_ARCH == VG_ARCH_HPPA
#include "arch/hppa/all.c"
#elif VG_ARCH == VG_ARCH_SH4
#include "arch/sh4/all.c"
#elif VG_ARCH == VG_ARCH_S390X
#include "arch/s390x/all.c"
#elif VG_ARCH == VG_ARCH_ARM && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#include "arch/thumb/all.c"
#else
#include "arch/none/all.c"
#endif
