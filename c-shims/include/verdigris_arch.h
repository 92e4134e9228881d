/*
 * Verdigris: what one architecture adds to the portable kernels.
 *
 * Every function exists everywhere. Where a machine lacks the thing, the function says so by
 * returning 0, and the caller reports it as absent. src/arch.c picks the folder of the processor
 * that the compiler makes code for; src/arch/none is what remains for a processor without one.
 * C89, with the compiler's own "__asm__" where it has one; no library.
 */
#ifndef VERDIGRIS_ARCH_H
#define VERDIGRIS_ARCH_H

#include "verdigris_shims.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Architectures, for vg_arch. The names on the wire are in src/arch.rs. */
#define VG_ARCH_OTHER 0
#define VG_ARCH_X86 1
#define VG_ARCH_X86_64 2
#define VG_ARCH_POWERPC 3
#define VG_ARCH_POWERPC64 4
#define VG_ARCH_ARM 5
#define VG_ARCH_AARCH64 6
#define VG_ARCH_RISCV64 7
#define VG_ARCH_SPARC 8
#define VG_ARCH_SPARC64 9
#define VG_ARCH_MIPS 10
#define VG_ARCH_MIPS64 11
#define VG_ARCH_M68K 12
#define VG_ARCH_ALPHA 13
#define VG_ARCH_HPPA 14
#define VG_ARCH_SH4 15
#define VG_ARCH_S390X 16

/* Words of vg_identity, and bytes of its name. */
#define VG_IDENTITY_WORDS 12
#define VG_IDENTITY_NAME 48

/* Words that one value probe answers at most. */
#define VG_QUIRK_WORDS 4

/* Kinds of vg_trap. */
#define VG_TRAP_IDENTIFY 0
#define VG_TRAP_SERIALISE 1

/* The longest routine of vg_fresh_encode: additions, and bytes that are always enough. */
#define VG_MAX_FRESH_ADDS 64
#define VG_MAX_FRESH_BYTES 1024

/*
 * Sets the modes that the kernels need (the 68881's rounding precision) in the calling thread.
 * Called once, before any other function. Leaves everything else as the C environment has it.
 */
void vg_start(void);

/* The architecture: one of VG_ARCH_*. */
int vg_arch(void);

/* Width of the counter that a program may read without help, 1 to 64; 0 where there is none. */
int vg_counter_bits(void);

/*
 * The counter, ordered after all earlier instructions: now[0] the low word, now[1] the high one.
 * Only where vg_counter_bits is not 0. Where it is, the host brings what its machine has: an Amiga the
 * E clock of a CIA (timer.device ReadEClock; 709,379 Hz PAL, 715,909 Hz NTSC), a 68k Macintosh the
 * VIA's timer (783,360 Hz), an Atari the MFP (2.4576 MHz), any Unix its clock.
 */
void vg_counter(vg_u32 *now);

/*
 * Who the processor says it is: words has VG_IDENTITY_WORDS words, name VG_IDENTITY_NAME bytes. Both
 * are zeroed first; what an architecture has no way to read stays 0. Each folder's identity.c says
 * what its words hold.
 */
void vg_identity(vg_u32 *words, unsigned char *name);

/* Whether the architecture's vector unit is there and vg_vector uses it. */
int vg_vector_unit(void);

/* x = sqrt(x) + *c with the processor's own square root. Lanes as in vg_fp_add. 0: absent. */
int vg_fp_sqrt(int shape, int body, vg_u32 n, double *x, const double *c);

/* Switches the rounding mode to toward-zero and back, "body" * VG_UNROLL times a turn. 0: absent. */
int vg_fp_rounding(int body, vg_u32 n);

/*
 * A chain of vectors of 16 bytes; "op" is a number of probe_core::machine::Op (16 VecLogic,
 * 17 VecShuffle, 18 VecPermute, 19 VecIntAdd, 20 VecMulAdd, 21 VecFpAdd, 22 VecFpMul,
 * 23 VecFpMulAdd). v: VG_FP_LANES times four words; a: four words, binary32 bits for the
 * floating-point operations; control: 16 bytes. 0: absent.
 */
int vg_vector(int op, int shape, int body, vg_u32 n, vg_u32 *v, const vg_u32 *a,
              const unsigned char *control);

/*
 * One value probe of the architecture's registry (probe_core::channels::quirks) on the operand a, b.
 * answer: VG_QUIRK_WORDS words, zeroed first. 0: absent, or another architecture's number.
 */
int vg_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer);

/*
 * Writes the machine code of a C function "vg_u32 f(vg_u32 x)" that adds "constant" to x "adds" times
 * in a straight line, 1 to VG_MAX_FRESH_ADDS, and returns it. Position-independent. Its length
 * depends on "adds" alone. Returns the bytes written, a multiple of 4; 0: absent, or no room.
 */
vg_u32 vg_fresh_encode(vg_u32 adds, vg_u32 constant, unsigned char *code, vg_u32 room);

/* Makes "bytes" of code at "code", just written, visible to instruction fetch. */
void vg_fresh_synchronise(const unsigned char *code, vg_u32 bytes);

/* Calls what vg_fresh_encode wrote and somebody made executable. */
vg_u32 vg_fresh_call(const unsigned char *code, vg_u32 x);

/* Executes one instruction of the kind VG_TRAP_*. 0: the architecture has none in user mode. */
int vg_trap(int kind);

#ifdef __cplusplus
}
#endif

#endif
