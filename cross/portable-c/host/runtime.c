/*
 * What the generated C needs to run: memory that grows, a table of functions, an end for traps. Plain C
 * without an operating system. (wabt brings a runtime of its own, which wants memory protection.)
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

/* Bytes of a page of linear memory (WebAssembly specification, "Memory Instances"). */
#define PAGE 65536u

/* Where memory starts is a multiple of this, so that the arena lies as on the machine's pages. */
#define ALIGNMENT 4096u

/* The most pages: the module needs a fraction of 1 MiB, and the arena has 64 MiB at most. */
#define MOST_PAGES 1152u

/* Function types that a module of this kind has, many times over; and values in one. */
#define MOST_TYPES 256
#define MOST_VALUES 16

#if WASM_RT_USE_STACK_DEPTH_COUNT
uint32_t wasm_rt_call_stack_depth;
#endif

void wasm_rt_init(void) {}

bool wasm_rt_is_initialized(void) { return true; }

void wasm_rt_trap(wasm_rt_trap_t trap)
{
    fprintf(stderr, "error: the program ran into a fault of its own (%d); please report it\n",
            (int)trap);
    exit(5);
}

/* See access.h. */
unsigned char *verdigris_memory;

/* The block that memory lies in, as malloc gave it. */
static void *block;

/* Zeroed memory of "pages" pages, with what there was at its place; 0 where there is no room. */
static int resize(wasm_rt_memory_t *memory, uint32_t pages)
{
    size_t size = (size_t)pages * PAGE;
    unsigned char *fresh = malloc(size + ALIGNMENT);
    unsigned char *start;
    if (fresh == NULL) {
        return 0;
    }
    start = fresh + (ALIGNMENT - (size_t)fresh % ALIGNMENT) % ALIGNMENT;
    memset(start, 0, size);
    if (memory->data != NULL) {
#if WABT_BIG_ENDIAN
        memcpy(start + (size - memory->size), memory->data, memory->size);
#else
        memcpy(start, memory->data, memory->size);
#endif
        free(block);
    }
    block = fresh;
    memory->data = start;
#if WABT_BIG_ENDIAN
    verdigris_memory = start + size;
#else
    verdigris_memory = start;
#endif
    memory->pages = pages;
    memory->size = (uint32_t)size;
    return 1;
}

void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint32_t pages, uint32_t max_pages)
{
    memory->data = NULL;
    memory->size = 0;
    memory->max_pages = max_pages < MOST_PAGES ? max_pages : MOST_PAGES;
    if (pages > memory->max_pages || !resize(memory, pages)) {
        fputs("error: not enough memory\n", stderr);
        exit(5);
    }
}

uint32_t wasm_rt_grow_memory(wasm_rt_memory_t *memory, uint32_t pages)
{
    uint32_t before = memory->pages;
    if (pages > memory->max_pages || before > memory->max_pages - pages ||
        !resize(memory, before + pages)) {
        return (uint32_t)-1;
    }
    return before;
}

void wasm_rt_free_memory(wasm_rt_memory_t *memory)
{
    free(block);
    memory->data = NULL;
}

void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t *table, uint32_t elements,
                                    uint32_t max_elements)
{
    table->size = elements;
    table->max_size = max_elements;
    table->data = calloc(elements != 0 ? elements : 1, sizeof *table->data);
    if (table->data == NULL) {
        fputs("error: not enough memory\n", stderr);
        exit(5);
    }
}

void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t *table) { free(table->data); }

/* A function's type: parameters, results, and the types of both. */
struct type {
    uint32_t params, results;
    int values[MOST_VALUES];
};

static struct type types[MOST_TYPES];
static uint32_t type_count;

uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...)
{
    struct type type;
    uint32_t i;
    va_list values;
    if (params + results > MOST_VALUES) {
        wasm_rt_trap(WASM_RT_TRAP_CALL_INDIRECT);
    }
    memset(&type, 0, sizeof type);
    type.params = params;
    type.results = results;
    va_start(values, results);
    for (i = 0; i < params + results; i++) {
        type.values[i] = va_arg(values, int);
    }
    va_end(values);
    /* Numbers count from 1: 0 is no function's. */
    for (i = 0; i < type_count; i++) {
        if (memcmp(&types[i], &type, sizeof type) == 0) {
            return i + 1;
        }
    }
    if (type_count == MOST_TYPES) {
        wasm_rt_trap(WASM_RT_TRAP_CALL_INDIRECT);
    }
    types[type_count] = type;
    return ++type_count;
}

unsigned char *vh_at(struct Z_env_instance_t *env, u32 address, u32 bytes)
{
    wasm_rt_memory_t *memory = Z_verdigrisZ_memory(env->module);
    if (bytes > memory->size || address > memory->size - bytes) {
        wasm_rt_trap(WASM_RT_TRAP_OOB);
    }
#if WABT_BIG_ENDIAN
    return memory->data + (memory->size - address - bytes);
#else
    return memory->data + address;
#endif
}

void vh_take(struct Z_env_instance_t *env, u32 address, void *to, u32 bytes)
{
    unsigned char *out = to;
    unsigned char *from = vh_at(env, address, bytes);
#if WABT_BIG_ENDIAN
    u32 i;
    for (i = 0; i < bytes; i++) {
        out[i] = from[bytes - 1 - i];
    }
#else
    memcpy(out, from, bytes);
#endif
}

void vh_give(struct Z_env_instance_t *env, u32 address, const void *from, u32 bytes)
{
    const unsigned char *in = from;
    unsigned char *to = vh_at(env, address, bytes);
#if WABT_BIG_ENDIAN
    u32 i;
    for (i = 0; i < bytes; i++) {
        to[bytes - 1 - i] = in[i];
    }
#else
    memcpy(to, in, bytes);
#endif
}
