/*
 * Atari TT, Falcon and their like: the MC68901 is line (modem 1) and clock; or (VB_MODEM_2) the line is the Z8530,
 * which ARAnyM has instead. Started by the boot protocol of Linux
 * (ARAnyM), or as a program of TOS (prg.S), from which it takes the machine.
 *
 * References: MC68901 Multi-Function Peripheral data sheet (Motorola, ADI984), "Register Description", "Timers",
 * "USART"; Atari ST Hardware: the MFP at FFFA01 with a crystal of 2.4576 MHz, timer D as the USART's clock.
 */
#include "../host.h"
#include "machine.h"

#include "m68k.h"

#define MFP(number) (*(volatile unsigned char *)(0xfffffa01ul + 2 * (number)))
#define ENABLE_A 3
#define ENABLE_B 4
#define MASK_A 9
#define MASK_B 10
#define VECTORS 11
#define TIMERS_C_D 14
#define TIMER_C 17
#define TIMER_D 18
#define LINE_CONTROL 20
#define RECEIVER 21
#define TRANSMITTER 22
#define LINE_DATA 23

/* Timer C: interrupt 5 of half B; a sixteenth of the crystal, 256 steps to a round: 600 interrupts a second. */
#define C_ENABLED 0x20
#define C_BY_16 0x30
#define C_STEPS 256u
#define C_HZ 153600u
/* Timer D: a quarter of the crystal to count down from, a round for each edge: 19200 bits a second times the count. */
#define D_BY_4 0x01
#define D_BAUD 19200u

#ifdef VB_MODEM_2
#define VB_SCC_CONTROL (*(volatile unsigned char *)0xffff8c85ul)
#define VB_SCC_DATA (*(volatile unsigned char *)0xffff8c87ul)
#define VB_SCC_HZ 8053976ul
#include "scc.h"
#endif

/* Sixteen clocks a bit, 8 bits, one stop bit, no parity. Both directions on. */
#define LINE_8N1 0x88
#define ON 0x01
#define RECEIVED 0x80
#define CAN_SEND 0x80

/* The first of the MFP's 16 vectors, which acknowledge themselves: 64, at 256 in memory; timer C's. */
#define FIRST_VECTOR 0x40
#define TIMER_C_VECTOR (*(void (*volatile *)(void))(4 * (FIRST_VECTOR + 5)))

const int vb_shows_on_line = 1;

/* Rounds of timer C. */
volatile uint32_t vb_rounds;
void vb_round(void);
__asm__(".text\n"
        ".globl vb_round\n"
        "vb_round:\n\t"
        "addq.l #1, vb_rounds\n\t"
        "rte\n\t"
        ".previous");

void vb_begin(void)
{
    MFP(ENABLE_A) = 0;
    MFP(MASK_A) = 0;
    MFP(ENABLE_B) = 0;
    MFP(VECTORS) = FIRST_VECTOR;
    TIMER_C_VECTOR = vb_round;
    MFP(TIMERS_C_D) = 0;
    MFP(TIMER_C) = (unsigned char)C_STEPS;
    MFP(TIMERS_C_D) = C_BY_16;
    MFP(ENABLE_B) = C_ENABLED;
    MFP(MASK_B) = C_ENABLED;
    /* The MFP interrupts at level 6. */
    __asm__ __volatile__("move.w #0x2500, %%sr" : : : "memory");
    (void)vb_line(9600);
}

uint64_t vb_now_ns(void)
{
    /* Wide rounds: what has gone round 2^32 times is a machine of months. */
    uint32_t rounds, left;
    do {
        rounds = vb_rounds;
        left = MFP(TIMER_C);
    } while (rounds != vb_rounds);
    return ((uint64_t)rounds * C_STEPS + (C_STEPS - left) % C_STEPS) * 1000000000u / C_HZ;
}

#ifdef VB_MODEM_2
int vb_line(uint32_t baud) { return scc_begin(baud); }
int vb_send(unsigned char byte) { return scc_send(byte); }
int vb_receive(void) { return scc_receive(); }
#else
int vb_line(uint32_t baud)
{
    if (baud == 0 || baud > D_BAUD || D_BAUD % baud != 0) {
        return 0;
    }
    MFP(TIMERS_C_D) = C_BY_16;
    MFP(TIMER_D) = (unsigned char)(D_BAUD / baud);
    MFP(TIMERS_C_D) = C_BY_16 | D_BY_4;
    MFP(LINE_CONTROL) = LINE_8N1;
    MFP(RECEIVER) = ON;
    MFP(TRANSMITTER) = ON;
    return 1;
}

int vb_send(unsigned char byte)
{
    if ((MFP(TRANSMITTER) & CAN_SEND) == 0) {
        return 0;
    }
    MFP(LINE_DATA) = byte;
    return 1;
}

int vb_receive(void) { return (MFP(RECEIVER) & RECEIVED) != 0 ? MFP(LINE_DATA) : -1; }
#endif

void vb_show(char byte)
{
    while (!vb_send((unsigned char)byte)) {
    }
}

void vb_off(int status)
{
    (void)status;
    for (;;) {
    }
}
