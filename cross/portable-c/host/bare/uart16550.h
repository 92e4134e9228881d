/*
 * The 8250 and its descendants up to the 16550A, one byte for each register, polled. The machine defines
 * VB_UART(port, number): the register of that number, as an lvalue of a volatile byte.
 *
 * Reference: PC16550D data sheet (National Semiconductor, TL/C/8652), section 8.0 "Registers".
 */

/* Received or to be sent, or the divisor's low byte; the divisor's high byte; FIFO, line and modem control;
 * line status. */
#define UART_DATA 0
#define UART_INTERRUPTS 1
#define UART_FIFO 2
#define UART_LINE 3
#define UART_MODEM 4
#define UART_STATUS 5

#define LINE_8_BITS 0x03
#define LINE_DIVISOR 0x80
/* On, and both emptied. */
#define FIFO_ON 0x07
/* DTR, RTS. */
#define MODEM_READY 0x03
#define STATUS_RECEIVED 0x01
#define STATUS_CAN_SEND 0x20

/* Sixteenths of the usual crystal's 1.8432 MHz: the speed of divisor 1. */
#define UART_FASTEST 115200ul

static int uart_begin(unsigned port, uint32_t baud)
{
    uint32_t divisor = baud == 0 ? 0 : UART_FASTEST / baud;
    if (divisor == 0 || divisor > 0xffff || divisor * baud != UART_FASTEST) {
        return 0;
    }
    VB_UART(port, UART_INTERRUPTS) = 0;
    VB_UART(port, UART_LINE) = LINE_DIVISOR;
    VB_UART(port, UART_DATA) = (unsigned char)divisor;
    VB_UART(port, UART_INTERRUPTS) = (unsigned char)(divisor >> 8);
    VB_UART(port, UART_LINE) = LINE_8_BITS;
    VB_UART(port, UART_FIFO) = FIFO_ON;
    VB_UART(port, UART_MODEM) = MODEM_READY;
    return 1;
}

static int uart_send(unsigned port, unsigned char byte)
{
    if ((VB_UART(port, UART_STATUS) & STATUS_CAN_SEND) == 0) {
        return 0;
    }
    VB_UART(port, UART_DATA) = byte;
    return 1;
}

static int uart_receive(unsigned port)
{
    return (VB_UART(port, UART_STATUS) & STATUS_RECEIVED) != 0 ? VB_UART(port, UART_DATA) : -1;
}
