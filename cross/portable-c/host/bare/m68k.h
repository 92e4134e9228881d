/*
 * What the 68k machines have in common: how a program starts, and what whoever started it said.
 *
 * The boot protocol is that of Linux for m68k, which QEMU, ARAnyM and the boot loaders of real Ataris, Amigas
 * and Macs follow: the ELF file is laid at its addresses, and behind its end lie records of a tag, a length
 * and data, up to the tag 0. References: Linux, Documentation/arch/m68k/kernel-options.rst,
 * arch/m68k/include/uapi/asm/bootinfo.h.
 */
#define BI_LAST 0
#define BI_COMMAND_LINE 7

#define STACK 65536

struct record {
    uint16_t tag, bytes;
    char data[1];
};

unsigned char vb_stack[STACK] __attribute__((aligned(16)));
extern unsigned char _end[];
void vb_start(const char *words);

/* Interrupts off, zeros, a stack. A loader of another kind starts one instruction later, with the address of the
 * words in register d7. */
__asm__(".section .text.start, \"ax\"\n"
        ".globl _start\n"
        "_start:\n\t"
        "moveq #0, %d7\n\t"
        "move.w #0x2700, %sr\n\t"
        "lea __bss_start, %a0\n"
        "1:\tclr.l (%a0)+\n\t"
        "cmpa.l #_end, %a0\n\t"
        "bcs.s 1b\n\t"
        "lea vb_stack + 65536, %sp\n\t"
        "move.l %d7, -(%sp)\n\t"
        "jsr vb_start\n\t"
        ".previous");

/* Whatever the processor cannot do ends the program, with the address and the vector's offset. */
#define EXCEPTIONS ((void (*volatile *)(void))0)
#define FIRST_VECTOR_USED 2
#define VECTOR_COUNT 256
void vb_exception(void);
void vb_excepted(uint32_t address, uint32_t format);
__asm__(".text\n"
        ".globl vb_exception\n"
        "vb_exception:\n\t"
        "moveq #0, %d0\n\t"
        "move.w 6(%sp), %d0\n\t"
        "move.l 2(%sp), %d1\n\t"
        "move.l %d0, -(%sp)\n\t"
        "move.l %d1, -(%sp)\n\t"
        "jsr vb_excepted\n\t"
        ".previous");

void vb_excepted(uint32_t address, uint32_t format)
{
    static char text[] = "exception ...., address ........";
    uint32_t words[2], i, word;
    words[0] = format << 16;
    words[1] = address;
    for (word = 0; word < 2; ++word) {
        for (i = 0; i < (word == 0 ? 4u : 8u); ++i) {
            text[(word == 0 ? 10 : 24) + i] = "0123456789abcdef"[words[word] >> (28 - 4 * i) & 15];
        }
    }
    vh_die(text);
}

void vb_start(const char *words)
{
    const unsigned char *at = _end + ((uintptr_t)_end & 1);
    const struct record *record;
    unsigned vector;
    for (vector = FIRST_VECTOR_USED; vector < VECTOR_COUNT; ++vector) {
        EXCEPTIONS[vector] = vb_exception;
    }
    if (words != NULL) {
        vb_main(words);
    }
    for (; (record = (const struct record *)at)->tag != BI_LAST && record->bytes != 0;
         at += record->bytes) {
        if (record->tag == BI_COMMAND_LINE) {
            words = record->data;
        }
    }
    vb_main(words);
}

const char vb_architecture[] = "m68k";
