/*
 * What the generated code is written in: how it reaches its memory, what its operators mean, how it calls
 * through its table. Source: WebAssembly specification 1.0, "Numerics" and "Instructions".
 *
 * Nothing is checked twice. The module was Rust: what can be out of range, or zero, was seen to there, as in
 * a program that is compiled from it directly; its functions do not call themselves, and its stack has room
 * for the deepest of them. On 68k a check of every address is a third of the code. -DVERDIGRIS_CHECKED adds
 * it, and that of every call through the table.
 */
#ifndef VERDIGRIS_GENERATED_H
#define VERDIGRIS_GENERATED_H

#include <stddef.h>
#include <string.h>

#include "host.h"

/* Where address 0 is; on a big-endian machine, where memory is stored backwards, the byte after it. */
extern unsigned char *verdigris_memory;

#if defined(VERDIGRIS_CHECKED)
#define VERDIGRIS_AT(base, offset, bytes) vh_at((base) + (offset), (bytes))
#elif WABT_BIG_ENDIAN
#define VERDIGRIS_AT(base, offset, bytes) (verdigris_memory - (base) - (offset) - (bytes))
#else
#define VERDIGRIS_AT(base, offset, bytes) (verdigris_memory + (base) + (offset))
#endif

/* A load or a store, also where the compiler is told that there is no C library. */
#ifdef __GNUC__
#define COPY __builtin_memcpy
#else
#define COPY memcpy
#endif

/* One instruction where the processor loads and stores at any address; elsewhere a function of several. */
#if !defined(__GNUC__)
#define INLINE static
#elif defined(__m68k__) || defined(__s390x__) || defined(__i386__) || defined(__x86_64__) ||           \
    defined(__powerpc__) || defined(__aarch64__)
#define INLINE static __inline__ __attribute__((always_inline, unused))
#else
#define INLINE static __inline__ __attribute__((unused))
#endif

#define LOAD(name, stored, wide, given)                                                 \
    INLINE given name(size_t base, u32 offset)                                          \
    {                                                                                   \
        stored value;                                                                   \
        COPY(&value, VERDIGRIS_AT(base, offset, sizeof value), sizeof value);         \
        return (given)(wide)value;                                                      \
    }
#define STORE(name, stored, given)                                                      \
    INLINE void name(size_t base, u32 offset, given all)                                \
    {                                                                                   \
        stored value = (stored)all;                                                     \
        COPY(VERDIGRIS_AT(base, offset, sizeof value), &value, sizeof value);         \
    }

LOAD(i32_load, u32, u32, u32)
LOAD(i64_load, u64, u64, u64)
LOAD(f32_load, f32, f32, f32)
LOAD(f64_load, f64, f64, f64)
LOAD(i32_load8_s, s8, s32, u32)
LOAD(i64_load8_s, s8, s64, u64)
LOAD(i32_load8_u, u8, u32, u32)
LOAD(i64_load8_u, u8, u64, u64)
LOAD(i32_load16_s, s16, s32, u32)
LOAD(i64_load16_s, s16, s64, u64)
LOAD(i32_load16_u, u16, u32, u32)
LOAD(i64_load16_u, u16, u64, u64)
LOAD(i64_load32_s, s32, s64, u64)
LOAD(i64_load32_u, u32, u64, u64)
STORE(i32_store, u32, u32)
STORE(i64_store, u64, u64)
STORE(f32_store, f32, f32)
STORE(f64_store, f64, f64)
STORE(i32_store8, u8, u32)
STORE(i32_store16, u16, u32)
STORE(i64_store8, u8, u64)
STORE(i64_store16, u16, u64)
STORE(i64_store32, u32, u64)

/* Its one global: where its stack ends. */
static u32 g0;

/* Memory at the start, in pages, and what is in it. */
#define wasm_rt_allocate_memory(pages, most)                                            \
    if (vh_grow(pages) != 0) {                                                          \
        vh_die("not enough memory");                                                    \
    }
#define LOAD_DATA(address, bytes, count) vh_give(address, bytes, count)
#define wasm_rt_grow_memory(pages) vh_grow(pages)

/* The table, whose first entry has the number 1. */
typedef void (*FUNCTION_POINTER)(void);
typedef struct {
    u32 type;
    FUNCTION_POINTER function;
    u32 always_zero;
} wasm_elem_segment_expr_t;
#ifdef VERDIGRIS_CHECKED
#define FUNCTION(type, number) function_of(elem_segment_exprs_e0, sizeof elem_segment_exprs_e0, type, number)
INLINE FUNCTION_POINTER function_of(const wasm_elem_segment_expr_t *table, size_t bytes, u32 type, u32 number)
{
    if (number == 0 || number > bytes / sizeof *table || table[number - 1].type != type) {
        vh_fault(VH_CALL);
    }
    return table[number - 1].function;
}
#else
#define FUNCTION(type, number) (elem_segment_exprs_e0[(number) - 1].function)
#endif

#define UNREACHABLE vh_fault(VH_UNREACHABLE)

#define DIV_U(x, y) ((x) / (y))
#define REM_U(x, y) ((x) % (y))
#define I32_DIV_S(x, y) ((u32)((s32)(x) / (s32)(y)))
#define I64_DIV_S(x, y) ((u64)((s64)(x) / (s64)(y)))
#define I32_REM_S(x, y) ((u32)((s32)(x) % (s32)(y)))
#define I64_REM_S(x, y) ((u64)((s64)(x) % (s64)(y)))

#define ROTATE(x, left, right, mask) ((x) << ((left) & (mask)) | (x) >> ((right) & (mask)))
#define I32_ROTL(x, y) ROTATE(x, y, 0 - (y), 31)
#define I64_ROTL(x, y) ROTATE(x, y, 0 - (y), 63)
#define I32_ROTR(x, y) ROTATE(x, 0 - (y), y, 31)
#define I64_ROTR(x, y) ROTATE(x, 0 - (y), y, 63)

/* Zeros before the highest one, zeros behind the lowest one, ones. */
INLINE u32 I64_CLZ(u64 x)
{
    u32 count = 0;
    for (; count < 64 && (x >> 63) == 0; x <<= 1) {
        ++count;
    }
    return count;
}
INLINE u32 I64_CTZ(u64 x)
{
    u32 count = 0;
    for (; count < 64 && (x & 1) == 0; x >>= 1) {
        ++count;
    }
    return count;
}
INLINE u32 I64_POPCNT(u64 x)
{
    u32 count = 0;
    for (; x != 0; x &= x - 1) {
        ++count;
    }
    return count;
}
#define I32_CLZ(x) (I64_CLZ(x) - 32)
#define I32_CTZ(x) (I64_CTZ((u64)1 << 32 | (x)))
#define I32_POPCNT(x) I64_POPCNT(x)

/* The same bits as another type. */
#define REINTERPRET(name, from, to)                                                     \
    INLINE to name(from value)                                                          \
    {                                                                                   \
        to other;                                                                       \
        COPY(&other, &value, sizeof other);                                           \
        return other;                                                                   \
    }
REINTERPRET(f32_reinterpret_i32, u32, f32)
REINTERPRET(i32_reinterpret_f32, f32, u32)
REINTERPRET(f64_reinterpret_i64, u64, f64)
REINTERPRET(i64_reinterpret_f64, f64, u64)

/* Rust compares with the limits before. */
#define I64_TRUNC_U_F64(x) ((u64)(x))
/* What becomes of a NaN's bits is nowhere looked at. */
#define wasm_quiet(x) (x)

#endif
