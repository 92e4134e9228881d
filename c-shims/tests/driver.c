/*
 * Runs the C kernels on operands from standard input, for processors that have no Rust.
 *
 * One command a line, numbers in hexadecimal; one line of hexadecimal words comes back for each, or
 * "absent". tests/cross.rs writes the commands and judges the answers. Unlike the kernels this
 * needs a system: see system.h.
 */
#define _DEFAULT_SOURCE
#include "verdigris_arch.h"
#include "system.h"

/* Longest pattern, order or ring. */
#define MOST 4096

/* Ends with a complaint: the commands are wrong, or the kernels are. */
static void complain(const char *text)
{
    unsigned long length = 0;
    while (text[length] != 0) {
        length++;
    }
    system_write(text, length);
    system_write("\n", 1);
    system_exit(2);
}

/* The next byte of standard input; 0 at its end. */
static char next_byte(void)
{
    static char buffer[MOST];
    static long held, at;
    if (at == held) {
        held = system_read(buffer, sizeof buffer);
        at = 0;
        if (held <= 0) {
            held = 0;
            return 0;
        }
    }
    return buffer[at++];
}

/* The next word of input, without the space after it; its length, 0 at the end. */
static int next_token(char *token, int room)
{
    char byte = next_byte();
    int length = 0;
    while (byte == ' ' || byte == '\n') {
        byte = next_byte();
    }
    while (byte != ' ' && byte != '\n' && byte != 0) {
        if (length < room - 1) {
            token[length++] = byte;
        }
        byte = next_byte();
    }
    token[length] = 0;
    return length;
}

static int same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++, b++;
    }
    return *a == *b;
}

static vg_u32 number(void)
{
    char token[16];
    vg_u32 value = 0;
    int i;
    int length = next_token(token, sizeof token);
    if (length == 0 || length > 8) {
        complain("a number is missing");
    }
    for (i = 0; i < length; i++) {
        char digit = token[i];
        value = value << 4 | (vg_u32)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return value;
}

static void write_number(vg_u32 value)
{
    char text[8];
    int at = 8;
    do {
        text[--at] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value != 0);
    system_write(text + at, (unsigned long)(8 - at));
}

static void words(const vg_u32 *word, int count)
{
    int i;
    for (i = 0; i < count; i++) {
        if (i != 0) {
            system_write(" ", 1);
        }
        write_number(word[i]);
    }
    system_write("\n", 1);
}

static void word(vg_u32 value) { words(&value, 1); }

static void absent(void) { system_write("absent\n", 7); }

static void copy(unsigned char *to, const unsigned char *from, vg_u32 length)
{
    while (length-- != 0) {
        *to++ = *from++;
    }
}

/* A double as two words, whatever their order in memory. */
union bits {
    double number;
    vg_u32 word[2];
};

static int high_word(void)
{
    union bits one;
    one.number = 1.0;
    return one.word[0] == 0;
}

static double real(void)
{
    union bits bits;
    int high = high_word();
    bits.word[high] = number();
    bits.word[!high] = number();
    return bits.number;
}

static void reals(const double *x)
{
    vg_u32 out[2 * VG_FP_LANES];
    int i;
    int high = high_word();
    for (i = 0; i < VG_FP_LANES; i++) {
        union bits bits;
        bits.number = x[i];
        out[2 * i] = bits.word[high];
        out[2 * i + 1] = bits.word[!high];
    }
    words(out, 2 * VG_FP_LANES);
}

/* integer OP SHAPE BODY TURNS X... Y... : x and y after it. */
static void integer(void)
{
    vg_u32 op = number();
    int shape = (int)number(), body = (int)number();
    vg_u32 n = number();
    vg_u32 lanes[2 * VG_INT_LANES];
    vg_u32 *x = lanes, *y = lanes + VG_INT_LANES;
    int i;
    for (i = 0; i < 2 * VG_INT_LANES; i++) {
        lanes[i] = number();
    }
    switch (op) {
    case 0: vg_int_add(shape, body, n, x, y); break;
    case 1: vg_int_mul(shape, body, n, x, y); break;
    case 2: vg_int_div(shape, body, n, x, y[0]); break;
    case 3: vg_shift(shape, body, n, x); break;
    case 37: vg_store_load(body, n, x, y[0]); break;
    default: absent(); return;
    }
    words(lanes, 2 * VG_INT_LANES);
}

/* load SHAPE BODY TURNS NEXT... : where the lanes end. */
static void load(void)
{
    int shape = (int)number(), body = (int)number();
    vg_u32 n = number();
    unsigned char next[VG_LOAD_RING];
    vg_u32 ends[VG_INT_LANES];
    int i;
    for (i = 0; i < VG_LOAD_RING; i++) {
        next[i] = (unsigned char)number();
    }
    vg_load(shape, body, n, next, ends);
    words(ends, VG_INT_LANES);
}

/* float OP SHAPE BODY TURNS C D X... : x after it; C and D are what the operation takes. */
static void floating(void)
{
    vg_u32 op = number();
    int shape = (int)number(), body = (int)number();
    vg_u32 n = number();
    double c = real(), d = real();
    double x[VG_FP_LANES];
    int i;
    for (i = 0; i < VG_FP_LANES; i++) {
        x[i] = real();
    }
    if (op == 36) {
        int done = vg_fp_rounding(body, n);
        if (done) {
            word(0);
        } else {
            absent();
        }
        return;
    }
    if (!vg_strict_binary64()) {
        absent();
        return;
    }
    switch (op) {
    case 5: vg_fp_add(shape, body, n, x, &c); break;
    case 6: vg_fp_mul(shape, body, n, x, &c, &d); break;
    case 7: vg_fp_div(shape, body, n, x, &c); break;
    case 8:
        if (!vg_fp_sqrt(shape, body, n, x, &c)) {
            absent();
            return;
        }
        break;
    default: vg_fp_mul_mask(shape, body, n, x, &c, &d); break;
    }
    reals(x);
}

/* chase STEPS SLOTS NEXT... : where a walk from slot 0 ends. */
static void chase(void)
{
    static struct vg_link ring[MOST];
    vg_u32 steps = number(), slots = number(), i;
    for (i = 0; i < slots && i < MOST; i++) {
        ring[i].next = &ring[number() % MOST];
    }
    word((vg_u32)(vg_chase(ring, steps) - ring));
}

/* A count, then so many bytes. */
static vg_u32 bytes(unsigned char *into)
{
    vg_u32 count = number(), i;
    for (i = 0; i < count && i < MOST; i++) {
        into[i] = (unsigned char)number();
    }
    return count;
}

static void identity(void)
{
    vg_u32 out[VG_IDENTITY_WORDS];
    unsigned char name[VG_IDENTITY_NAME];
    unsigned long length;
    vg_identity(out, name);
    for (length = 0; name[length] != 0; length++) {
    }
    system_write((const char *)name, length);
    system_write("|", 1);
    words(out, VG_IDENTITY_WORDS);
}

/* counter : its width, then whether it moved, and went forward, over a thousand readings. */
static void counter(void)
{
    vg_u32 out[3] = {0, 0, 0};
    vg_u32 now[2], before[2];
    int i;
    out[0] = (vg_u32)vg_counter_bits();
    if (out[0] == 0) {
        absent();
        return;
    }
    vg_counter(before);
    out[2] = 1;
    for (i = 0; i < 1000; i++) {
        vg_counter(now);
        if (now[0] != before[0]) {
            out[1] = 1;
        }
        /* Modulo 2^32: forward is less than half way round. */
        if (now[0] - before[0] >= (vg_u32)1 << 31) {
            out[2] = 0;
        }
        before[0] = now[0];
    }
    words(out, 3);
}

/* fresh ADDS CONSTANT PATCHED X : bytes, results before the patch, after it, and synchronised. */
static void fresh(void)
{
    vg_u32 adds = number(), constant = number(), patched = number(), x = number();
    unsigned char code[VG_MAX_FRESH_BYTES];
    vg_u32 out[4];
    vg_u32 length = vg_fresh_encode(adds, constant, code, sizeof code);
    unsigned char *place;
    if (length == 0) {
        absent();
        return;
    }
    place = system_code(VG_MAX_FRESH_BYTES);
    if (place == 0) {
        absent();
        return;
    }
    copy(place, code, length);
    vg_fresh_synchronise(place, length);
    out[0] = length;
    out[1] = vg_fresh_call(place, x);
    if (vg_fresh_encode(adds, patched, code, sizeof code) != length) {
        complain("the length depends on the constant");
    }
    copy(place, code, length);
    out[2] = vg_fresh_call(place, x);
    vg_fresh_synchronise(place, length);
    out[3] = vg_fresh_call(place, x);
    words(out, 4);
}

int main(void)
{
    static unsigned char list[MOST];
    char command[16];
    vg_start();
    while (next_token(command, sizeof command) != 0) {
        if (same(command, "arch")) {
            vg_u32 out[3];
            out[0] = (vg_u32)vg_arch();
            out[1] = (vg_u32)vg_strict_binary64();
            out[2] = (vg_u32)vg_vector_unit();
            words(out, 3);
        } else if (same(command, "integer")) {
            integer();
        } else if (same(command, "load")) {
            load();
        } else if (same(command, "float")) {
            floating();
        } else if (same(command, "chase")) {
            chase();
        } else if (same(command, "branches")) {
            vg_u32 n = number();
            vg_u32 period = bytes(list);
            word(vg_branches(list, period, n));
        } else if (same(command, "indirect")) {
            vg_u32 n = number();
            vg_u32 length = bytes(list);
            word(vg_indirect(list, length, n));
        } else if (same(command, "nested")) {
            vg_u32 depth = number();
            vg_u32 n = number();
            word(vg_nested_calls(depth, n));
        } else if (same(command, "identity")) {
            identity();
        } else if (same(command, "counter")) {
            counter();
        } else if (same(command, "fresh")) {
            fresh();
        } else if (same(command, "trap")) {
            word((vg_u32)vg_trap((int)number()));
        } else if (same(command, "quirk")) {
            vg_u32 answer[VG_QUIRK_WORDS];
            vg_u32 probe = number(), a = number(), b = number();
            if (vg_quirk(probe, a, b, answer)) {
                words(answer, VG_QUIRK_WORDS);
            } else {
                absent();
            }
        } else {
            complain(command);
        }
    }
    return 0;
}
