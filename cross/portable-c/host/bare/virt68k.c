/*
 * QEMU's machine "virt" with a 68k processor: devices of Google's goldfish, one terminal line, no counter.
 *
 * References: QEMU, hw/m68k/virt.c (addresses), hw/char/goldfish_tty.c, hw/rtc/goldfish_rtc.c,
 * hw/misc/virt_ctrl.c.
 */
#include "../host.h"
#include "machine.h"

#include "m68k.h"

#define RTC ((volatile uint32_t *)0xff006000ul)
#define TTY ((volatile uint32_t *)0xff008000ul)
#define CONTROL ((volatile uint32_t *)0xff009000ul)

/* Registers, in words. The high half of the time belongs to the low half that was read before. */
#define RTC_LOW 0
#define RTC_HIGH 1
#define RTC_ALARM_LOW 2
#define RTC_ALARM_HIGH 3
#define TTY_PUT 0
#define TTY_READY 1
#define TTY_COMMAND 2
#define TTY_POINTER 4
#define TTY_LENGTH 5
#define TTY_READ 3
#define CONTROL_COMMAND 1
#define HALT 2

const int vb_shows_on_line = 1;

void vb_begin(void) {}

uint64_t vb_now_ns(void)
{
    uint32_t low = RTC[RTC_LOW];
    return low | (uint64_t)RTC[RTC_HIGH] << 32;
}

/* The line has no speed. */
int vb_line(uint32_t baud) { return baud != 0; }

int vb_send(unsigned char byte)
{
    TTY[TTY_PUT] = byte;
    return 1;
}

int vb_receive(void)
{
    static volatile unsigned char byte;
    if (TTY[TTY_READY] == 0) {
        /* QEMU looks for more bytes only when something else wakes it: an alarm that nobody hears. */
        uint64_t soon = vb_now_ns() + 1000000;
        RTC[RTC_ALARM_HIGH] = (uint32_t)(soon >> 32);
        RTC[RTC_ALARM_LOW] = (uint32_t)soon;
        return -1;
    }
    TTY[TTY_POINTER] = (uint32_t)&byte;
    TTY[TTY_LENGTH] = 1;
    TTY[TTY_COMMAND] = TTY_READ;
    return byte;
}

void vb_show(char byte) { (void)vb_send((unsigned char)byte); }

void vb_off(int status)
{
    (void)status;
    CONTROL[CONTROL_COMMAND] = HALT;
    for (;;) {
    }
}
