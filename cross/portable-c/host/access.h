/*
 * How the generated code reaches its memory and enters its functions. verdigris.c includes this in its
 * middle, in place of what wasm2c wrote there.
 *
 * wasm2c compares every address with the end of memory, in 64 bits, and counts the depth of every call.
 * The module was Rust: what can be out of range was checked there, once, as in a program that is compiled
 * from it directly; its functions do not call themselves, and its stack has room for the deepest of them.
 * On 68k the second check is a third of the code. -DVERDIGRIS_CHECKED keeps it.
 */
#ifndef VERDIGRIS_CHECKED

/* Where address 0 is; on a big-endian machine, where memory is stored backwards, the byte after it. */
extern unsigned char *verdigris_memory;

#if WABT_BIG_ENDIAN
#define VERDIGRIS_AT(address, bytes) (verdigris_memory - (address) - (bytes))
#else
#define VERDIGRIS_AT(address, bytes) (verdigris_memory + (address))
#endif

#undef DEFINE_LOAD
#define DEFINE_LOAD(name, stored, wide, given)                                \
    static inline given name(wasm_rt_memory_t *memory, u32 address)          \
    {                                                                         \
        stored value;                                                         \
        (void)memory;                                                         \
        memcpy(&value, VERDIGRIS_AT(address, sizeof value), sizeof value);    \
        return (given)(wide)value;                                            \
    }

#undef DEFINE_STORE
#define DEFINE_STORE(name, stored, given)                                     \
    static inline void name(wasm_rt_memory_t *memory, u32 address, given all) \
    {                                                                         \
        stored value = (stored)all;                                           \
        (void)memory;                                                         \
        memcpy(VERDIGRIS_AT(address, sizeof value), &value, sizeof value);    \
    }

#undef FUNC_PROLOGUE
#define FUNC_PROLOGUE
#undef FUNC_EPILOGUE
#define FUNC_EPILOGUE

#endif
