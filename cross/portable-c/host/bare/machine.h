/*
 * What a machine brings that runs the program without an operating system: one file of this folder for each,
 * which also holds where the machine starts. Nothing is interrupted, nothing is shared, and the processor is
 * in its most privileged mode.
 */
#ifndef VERDIGRIS_BARE_MACHINE_H
#define VERDIGRIS_BARE_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of memory that the program may take beside its own: the least that each machine here has, less what
 * the program and a firmware need. */
#ifndef VB_MEMORY
#define VB_MEMORY (8ul << 20)
#endif

/* Where a machine's start jumps to, with a stack and nothing but zeros where the program says so: "words"
 * are what whoever started the machine said, or 0. Does not return. */
void vb_main(const char *words);

/* Prepares console, line and clock. Called once. */
void vb_begin(void);

/* Sets the line's speed, bits a second; 0 where it has no such speed. 8 bits, no parity, one stop bit. */
int vb_line(uint32_t baud);

/* Sends a byte on the line; 0 where it cannot take one now. */
int vb_send(unsigned char byte);

/* A byte that came on the line; -1 where none did. */
int vb_receive(void);

/* Shows a byte of text to a person; where the machine has one line alone it is that one. */
void vb_show(char byte);

/* Nanoseconds since some moment, of a clock that does not go back. To be read again before it goes round. */
uint64_t vb_now_ns(void);

/* Ends the machine, or stands still where nothing ends it. Does not return. */
void vb_off(int status)
#ifdef __GNUC__
    __attribute__((noreturn))
#endif
    ;

/* Whether text for a person goes out by the line: then none does while the line is in use. */
extern const int vb_shows_on_line;

/* What the machine calls its processor's architecture. */
extern const char vb_architecture[];

#endif
