/*
 * MIPS Malta: a board of MIPS Technologies; emulated by QEMU and GXemul. Its firmware, or the emulator's
 * stand-in for it, starts a program in kseg0 with the words in argv, as YAMON does.
 *
 * References: MIPS Malta User's Manual, MD00048 (memory map, PIIX4 with two 16550 and an 8254); YAMON
 * User's Manual, MD00008, "go" (a0: count, a1: words); MIPS32 Architecture volume III (Status, Count);
 * 82C54 data sheet (Intel, 231244), "Read-Back Command"; MC146818 data sheet (Motorola, DS9824).
 */
#include "../host.h"
#include "machine.h"

/* The start of the ISA bus' ports, uncached. */
#define PORTS 0xb8000000ul
#define PORT(number) (*(volatile unsigned char *)(PORTS + (number)))

#define COM1 0x3f8
#define COM2 0x2f8
#define VB_UART(port, number) PORT((port) + (number))
#include "uart16550.h"

/* Of the 8254: counter 0, its mode, its input. Mode 2: counts down from 65536 round and round. */
#define TIMER_DATA 0x40
#define TIMER_CONTROL 0x43
#define TIMER_MODE_2 0x34
/* Read-back: the count of counter 0, and not its status. The older latch command, 0, ends GXemul. */
#define TIMER_LATCH 0xd2
#define TIMER_HZ 1193182ul

/* Ticks of the timer over which the processor's counter is measured: 40 ms. */
#define MEASURED 47727u

/* Where the timer stands still, as GXemul's does: reads until that is sure. The counter is then measured over a
 * second of the MC146818's, and where that stands still as well the usual rate is taken, so that waiting ends. */
#define PATIENCE 1000000ul
#define CALENDAR_PATIENCE 100000000ul
#define USUAL_HZ 100000000ul

/* Of the MC146818: which register, and its content. */
#define CALENDAR_INDEX 0x70
#define CALENDAR_DATA 0x71
#define CALENDAR_SECONDS 0

/* A power of two that keeps the fraction of a nanosecond. */
#define FRACTION 20

/* What starts a program only leaves it a small stack, or none. */
#define STACK 262144

const int vb_shows_on_line = 0;
const char vb_architecture[] = "mips";

/* The board reads as a reset what is written here (SOFTRES register). */
#define SOFTRES (*(volatile uint32_t *)0xbf000500ul)
#define GORESET 0x42

unsigned char vb_stack[STACK] __attribute__((aligned(16)));
void vb_start(int count, const int32_t *words);

/*
 * Status: floating point on, interrupts off, not in an exception. Register 29 is the stack; a whole
 * argument area lies above it.
 */
__asm__(".section .text.start, \"ax\"\n"
        ".globl _start\n"
        "_start:\n\t"
        ".set push\n\t.set noreorder\n\t.set noat\n\t"
        "lui $8, 0x2000\n\t"
        "mtc0 $8, $12\n\t"
        "nop\n\tnop\n\tnop\n\tnop\n\t"
        "lui $28, %hi(_gp)\n\t"
        "addiu $28, $28, %lo(_gp)\n\t"
        "lui $29, %hi(vb_stack + 262144 - 64)\n\t"
        "addiu $29, $29, %lo(vb_stack + 262144 - 64)\n\t"
        "j vb_start\n\t"
        "nop\n\t"
        ".set pop\n\t.previous");

void vb_start(int count, const int32_t *words)
{
    /* Whoever loaded the program has zeroed what is not in its file, as a loader of ELF must. */
    vb_main(count > 1 ? (const char *)(intptr_t)words[1] : NULL);
}

static uint32_t cycles(void)
{
    uint32_t now;
    __asm__ __volatile__("mfc0 %0, $9" : "=r"(now));
    return now;
}

static uint32_t timer(void)
{
    uint32_t low;
    PORT(TIMER_CONTROL) = TIMER_LATCH;
    low = PORT(TIMER_DATA);
    return low | (uint32_t)PORT(TIMER_DATA) << 8;
}

/* Nanoseconds of one count, times 2^FRACTION; counts so far, and the last one. */
static uint64_t scale;
static uint64_t counted;
static uint32_t last;

/* The counter when the calendar's second changes next, or whenever patience ends. */
static uint32_t next_second(uint32_t *reads)
{
    unsigned char second;
    PORT(CALENDAR_INDEX) = CALENDAR_SECONDS;
    second = PORT(CALENDAR_DATA);
    while (PORT(CALENDAR_DATA) == second && ++*reads < CALENDAR_PATIENCE) {
    }
    return cycles();
}

/* Counts of the processor's counter in a second. */
static uint32_t counter_hz(void)
{
    uint32_t start, from, reads = 0;
    PORT(TIMER_CONTROL) = TIMER_MODE_2;
    PORT(TIMER_DATA) = 0;
    PORT(TIMER_DATA) = 0;
    start = timer();
    from = cycles();
    while (((start - timer()) & 0xffff) < MEASURED && ++reads < PATIENCE) {
    }
    if (reads < PATIENCE) {
        return (uint32_t)((uint64_t)(cycles() - from) * TIMER_HZ / MEASURED);
    }
    reads = 0;
    from = next_second(&reads);
    from = next_second(&reads) - from;
    return reads < CALENDAR_PATIENCE ? from : USUAL_HZ;
}

void vb_begin(void)
{
    uint32_t hz;
    uart_begin(COM1, UART_FASTEST);
    hz = counter_hz();
    last = cycles();
    scale = ((uint64_t)1000000000u << FRACTION) / (hz != 0 ? hz : USUAL_HZ);
}

uint64_t vb_now_ns(void)
{
    uint32_t now = cycles();
    counted += now - last;
    last = now;
    /* In two parts, since the product takes more than 64 bits after an hour. */
    return ((counted >> FRACTION) * scale) +
           ((counted & ((1u << FRACTION) - 1)) * scale >> FRACTION);
}

int vb_line(uint32_t baud) { return uart_begin(COM2, baud); }
int vb_send(unsigned char byte) { return uart_send(COM2, byte); }
int vb_receive(void) { return uart_receive(COM2); }

void vb_show(char byte)
{
    while (!uart_send(COM1, (unsigned char)byte)) {
    }
}

#if __mips_isa_rev < 2
/* Bytes of the shortest line that a cache may have; of "cache": write back and drop, drop, by address. */
#define LEAST_LINE 16
#define DATA_WRITE_BACK "0x15"
#define CODE_DROP "0x10"

/* Release 1 has no "synci", and asks this for fresh code (GCC, -mflush-func): both caches, whatever is named. */
void _flush_cache(char *from, int bytes, int caches)
{
    char *at;
    (void)caches;
    for (at = from; at < from + bytes + LEAST_LINE; at += LEAST_LINE) {
        __asm__ __volatile__("cache " DATA_WRITE_BACK ", 0(%0)\n\tsync\n\tcache " CODE_DROP ", 0(%0)"
                             :
                             : "r"(at)
                             : "memory");
    }
}
#endif

void vb_off(int status)
{
    (void)status;
    SOFTRES = GORESET;
    for (;;) {
    }
}
