/*
 * The kernels where "int" has 16 bits, without a library: runs each on the operands of operands.h,
 * which the test writes, and prints what it leaves, a line each: a letter, shape, body, and the words.
 */
#include "verdigris_shims.h"
#include "operands.h"

typedef char short_int[sizeof(int) == 2 ? 1 : -1];

#define TURNS 3

/* Linux on the 68k: call number in d0, arguments in d1, d2, d3. */
static long call(long number, long one, const void *two, long three)
{
    register long d0 __asm__("d0") = number;
    register long d1 __asm__("d1") = one;
    register const void *d2 __asm__("d2") = two;
    register long d3 __asm__("d3") = three;
    __asm__ volatile("trap #0" : "+d"(d0) : "d"(d1), "d"(d2), "d"(d3) : "memory");
    return d0;
}

static void put(const char *text, vg_u32 length) { call(4, 1, text, (long)length); }

static void word(vg_u32 value)
{
    char digits[9];
    int i;
    digits[0] = ' ';
    for (i = 0; i < 8; i++) {
        digits[1 + i] = "0123456789abcdef"[(value >> (28 - 4 * i)) & 15];
    }
    put(digits, 9);
}

static void head(char name, int shape, int body)
{
    char text[3];
    text[0] = name;
    text[1] = (char)('0' + shape);
    text[2] = (char)('0' + body);
    put(text, 3);
}

static void words(const vg_u32 *values, int count)
{
    int i;
    for (i = 0; i < count; i++) {
        word(values[i]);
    }
    put("\n", 1);
}

static void kernels(int shape, int body)
{
    vg_u32 x[VG_INT_LANES], y[VG_INT_LANES], m;
    int i;
#define RESTORE \
    for (i = 0; i < VG_INT_LANES; i++) { \
        x[i] = operand_x[i], y[i] = operand_y[i]; \
    }
    RESTORE
    vg_int_add(shape, body, TURNS, x, y);
    head('a', shape, body), words(x, VG_INT_LANES);
    head('A', shape, body), words(y, VG_INT_LANES);
    RESTORE
    vg_int_mul(shape, body, TURNS, x, y);
    head('m', shape, body), words(x, VG_INT_LANES);
    head('M', shape, body), words(y, VG_INT_LANES);
    RESTORE
    vg_shift(shape, body, TURNS, x);
    head('s', shape, body), words(x, VG_INT_LANES);
    for (i = 0; i < VG_INT_LANES; i++) {
        x[i] = operand_divisor[i];
    }
    vg_int_div(shape, body, TURNS, x, operand_dividend);
    head('d', shape, body), words(x, VG_INT_LANES);
    vg_load(shape, body, TURNS, operand_next, x);
    head('l', shape, body), words(x, VG_INT_LANES);
    if (shape == VG_DEPENDENT) {
        m = operand_x[0];
        vg_store_load(body, TURNS, &m, operand_y[0]);
        head('t', shape, body), words(&m, 1);
    }
}

void _start(void)
{
    vg_u32 count;
    kernels(VG_DEPENDENT, VG_SINGLE);
    kernels(VG_DEPENDENT, VG_DOUBLE);
    kernels(VG_INDEPENDENT, VG_SINGLE);
    kernels(VG_INDEPENDENT, VG_DOUBLE);
    count = vg_branches(operand_directions, sizeof operand_directions, 70000);
    head('b', 0, 0), words(&count, 1);
    count = vg_indirect(operand_order, sizeof operand_order, 70000);
    head('i', 0, 0), words(&count, 1);
    count = vg_nested_calls(64, 1100);
    head('n', 0, 0), words(&count, 1);
    call(1, 0, 0, 0);
    for (;;) {
    }
}
