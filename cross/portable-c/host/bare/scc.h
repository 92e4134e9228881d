/*
 * The Z8530, polled. The machine defines VB_SCC_CONTROL and VB_SCC_DATA, the channel's two registers as lvalues
 * of volatile bytes, and VB_SCC_HZ, the frequency that its speeds come from (PCLK, or that of RTxC with
 * VB_SCC_CLOCK_RTXC).
 *
 * Reference: Zilog SCC/ESCC User Manual, UM010903 (register names as there).
 */

/* WR3: 8 bits, on. WR4: 16 clocks a bit, one stop bit, no parity. WR5: DTR, 8 bits, on, RTS. */
#define WR3_RECEIVE 0xc1
#define WR4_16_1 0x44
#define WR5_SEND 0xea
/* WR11: both directions by the generator. WR14: the generator on, fed by PCLK, or not. */
#define WR11_GENERATOR 0x50
#define WR14_RTXC 0x01
#define WR14_PCLK 0x03
#define RR0_RECEIVED 0x01
#define RR0_CAN_SEND 0x04

static void scc_set(unsigned number, unsigned value)
{
    VB_SCC_CONTROL = (unsigned char)number;
    VB_SCC_CONTROL = (unsigned char)value;
}

static int scc_begin(uint32_t baud)
{
    uint32_t rounds = baud == 0 ? 0 : (VB_SCC_HZ + 16 * baud) / (32 * baud);
    if (rounds < 2 || rounds > 0x10001) {
        return 0;
    }
    /* Whatever register was named last, this reads one and names none. */
    (void)VB_SCC_CONTROL;
    scc_set(1, 0);
    scc_set(4, WR4_16_1);
    scc_set(11, WR11_GENERATOR);
    scc_set(12, (rounds - 2) & 0xff);
    scc_set(13, (rounds - 2) >> 8);
#ifdef VB_SCC_CLOCK_RTXC
    scc_set(14, WR14_RTXC);
#else
    scc_set(14, WR14_PCLK);
#endif
    scc_set(3, WR3_RECEIVE);
    scc_set(5, WR5_SEND);
    return 1;
}

static int scc_send(unsigned char byte)
{
    if ((VB_SCC_CONTROL & RR0_CAN_SEND) == 0) {
        return 0;
    }
    VB_SCC_DATA = byte;
    return 1;
}

static int scc_receive(void) { return (VB_SCC_CONTROL & RR0_RECEIVED) != 0 ? VB_SCC_DATA : -1; }
