/* The host of the module: what its parts share. */
#ifndef VERDIGRIS_HOST_H
#define VERDIGRIS_HOST_H

#include "verdigris.h"
#include "verdigris_arch.h"

/* What imports get: the module that calls them. */
struct Z_env_instance_t {
    Z_verdigris_instance_t *module;
};

/*
 * The module's memory. On a big-endian machine it is stored backwards, so that words keep the
 * machine's order: the n bytes of a value at "address" lie n before the mirrored address. Every access
 * is checked; an address outside ends the program.
 */
unsigned char *vh_at(struct Z_env_instance_t *env, u32 address, u32 bytes);

/* Bytes that are not one value: one after another in the module's order. */
void vh_take(struct Z_env_instance_t *env, u32 address, void *to, u32 bytes);
void vh_give(struct Z_env_instance_t *env, u32 address, const void *from, u32 bytes);

/* Memory for code, from the token that vh_install gave; ends the program for any other. */
const unsigned char *vh_code(u32 token);

#endif
