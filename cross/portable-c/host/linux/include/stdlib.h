/* Of the C library what the program takes; ../calls.c has it. */
#ifndef VERDIGRIS_STDLIB_H
#define VERDIGRIS_STDLIB_H

#include <stddef.h>

void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void free(void *memory);
void exit(int status);

#endif
