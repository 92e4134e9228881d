/* The host of the module: what its parts share. */
#ifndef VERDIGRIS_HOST_H
#define VERDIGRIS_HOST_H

#include <stdint.h>

#include "verdigris_arch.h"

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef float f32;
typedef double f64;

/* What the module imports. */
#include "verdigris.h"

/* What an import answers that has failed; vh_receive and vh_ask, where nothing came in time. */
#define FAILED ((u32)-1)
#define NOTHING ((u32)-2)

/* The one token of vh_install. */
#define TOKEN 1

/* Runs the module; its exit status. To be called once. */
u32 verdigris_main(void);

/* Why a program ends that can only be wrong. */
enum vh_fault { VH_OUT_OF_BOUNDS = 1, VH_UNREACHABLE = 5, VH_CALL = 6 };

/* Says so on standard error, and ends it. */
void vh_fault(enum vh_fault why)
#ifdef __GNUC__
    __attribute__((noreturn))
#endif
    ;

/* Says why it cannot go on on standard error, and ends it. */
void vh_die(const char *why);

/*
 * The module's memory. On a big-endian machine it is stored backwards, so that words keep the
 * machine's order: the n bytes of a value at "address" lie n before the mirrored address. Every access
 * is checked; an address outside ends the program.
 */
unsigned char *vh_at(u32 address, u32 bytes);

/* Bytes that are not one value: one after another in the module's order. */
void vh_take(u32 address, void *to, u32 bytes);
void vh_give(u32 address, const void *from, u32 bytes);

/* Gives the module a text, cut short where there is no room; its length. */
u32 vh_answer(u32 to, u32 room, const char *from);

/* Writes text for a person to standard output (1) or standard error (2): the system's part of vh_print. */
void vh_put(u32 stream, const char *from, u32 bytes);

/* Adds zeroed pages of 64 KiB; how many there were, or -1 where there is no room. */
u32 vh_grow(u32 pages);

/* Memory for code, from the token that vh_install gave; ends the program for any other. */
const unsigned char *vh_code(u32 token);

#endif
