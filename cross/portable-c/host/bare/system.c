/*
 * The imports of the module without an operating system: what ../system.c is on POSIX, over machine.h. There
 * are no files but the wallet, no network but the serial line, and no random numbers at all: the wallet's key
 * is what whoever starts the machine says (key=64HEX among the other words), and nothing is guessed.
 */
#include <stdlib.h>
#include <string.h>

#include "../host.h"
#include "machine.h"
/* No new files either: a wallet that is made here would be gone with the power. */
#include "../absent.c"

/* Bytes of all that whoever starts the machine may say, and words in it. */
#define SAID 1024
#define MOST_WORDS 32

/* Of words that are not the program's: the wallet; what boot loaders of Linux add. */
static const char key_name[] = "key=";
static const char loader_name[] = "BOOT_IMAGE=";

static char said[SAID];
static char *arguments[MOST_WORDS];
static u32 argument_count;
static const char *key;
static int line_in_use;

/* Memory, handed out from its start: the program asks for it four times, and lives as long as the machine. */
static unsigned char memory[VB_MEMORY] __attribute__((aligned(16)));
static size_t taken;

void *malloc(size_t bytes)
{
    void *given = memory + taken;
    bytes = (bytes + 15) & ~(size_t)15;
    if (bytes > sizeof memory - taken) {
        return NULL;
    }
    taken += bytes;
    return given;
}

void free(void *given) { (void)given; }

void vh_put(u32 stream, const char *from, u32 bytes)
{
    (void)stream;
    if (line_in_use && vb_shows_on_line) {
        return;
    }
    for (; bytes-- != 0; ++from) {
        if (*from == '\n') {
            vb_show('\r');
        }
        vb_show(*from);
    }
}

void exit(int status)
{
    vb_off(status);
}

void vh_die(const char *why)
{
    line_in_use = 0;
    vh_put(2, "error: ", 7);
    vh_put(2, why, (u32)strlen(why));
    vh_put(2, "\n", 1);
    exit(5);
    for (;;) {
    }
}

/* Parts what was said at its spaces. */
static void part(const char *words)
{
    size_t i = 0;
    char *at = said;
    for (; words != NULL && words[i] != 0 && i + 1 < sizeof said; ++i) {
        said[i] = words[i];
    }
    while (argument_count < MOST_WORDS) {
        while (*at == ' ') {
            *at++ = 0;
        }
        if (*at == 0) {
            return;
        }
        if (memcmp(at, key_name, sizeof key_name - 1) == 0) {
            key = at + sizeof key_name - 1;
        } else if (memcmp(at, loader_name, sizeof loader_name - 1) != 0) {
            arguments[argument_count++] = at;
        }
        while (*at != ' ' && *at != 0) {
            ++at;
        }
    }
}

void vb_main(const char *words)
{
    part(words);
    vb_begin();
    exit((int)verdigris_main());
}

u32 Z_envZ_vh_argument(u32 index, u32 to, u32 room)
{
    return index < argument_count ? vh_answer(to, room, arguments[index]) : FAILED;
}

u64 Z_envZ_vh_now_ns(void) { return vb_now_ns(); }

void Z_envZ_vh_wait_ms(u32 ms)
{
    u64 start = vb_now_ns();
    while (vb_now_ns() - start < (u64)ms * 1000000u) {
    }
}

/* Nobody gave this machine a name, and no system runs on it; 1 is its architecture. */
u32 Z_envZ_vh_system(u32 what, u32 to, u32 room)
{
    return what == 1 ? vh_answer(to, room, vb_architecture) : FAILED;
}

/* 1 is KiB of free memory: that of the module is taken already. */
u32 Z_envZ_vh_number(u32 what) { return what == 1 ? (u32)((sizeof memory - taken) / 1024) : 0; }

/* The one file is the wallet: it alone has to be private. */
u32 Z_envZ_vh_read_file(u32 name, u32 length, u32 private, u32 offset, u32 to, u32 room)
{
    u32 bytes = 0;
    (void)name, (void)length;
    if (!private || key == NULL) {
        return FAILED;
    }
    while (key[bytes] != 0 && key[bytes] != ' ') {
        ++bytes;
    }
    if (offset >= bytes) {
        return 0;
    }
    bytes = bytes - offset < room ? bytes - offset : room;
    vh_give(to, key + offset, bytes);
    return bytes;
}

/* The node that was seen is remembered by the program alone, as long as the machine runs. */
u32 Z_envZ_vh_append_file(u32 name, u32 length, u32 from, u32 count)
{
    (void)name, (void)length, (void)from, (void)count;
    return 0;
}

/* There is one line, whatever it is called. */
u32 Z_envZ_vh_open_serial(u32 device, u32 length, u32 baud)
{
    (void)device, (void)length;
    line_in_use = vb_line(baud);
    return line_in_use ? 0 : FAILED;
}

void Z_envZ_vh_close(void) { line_in_use = 0; }

u32 Z_envZ_vh_send(u32 from, u32 length, u32 ms)
{
    u64 start = vb_now_ns();
    u32 sent = 0;
    unsigned char byte;
    if (!line_in_use) {
        return FAILED;
    }
    do {
        while (sent < length) {
            vh_take(from + sent, &byte, 1);
            if (!vb_send(byte)) {
                break;
            }
            ++sent;
        }
    } while (sent == 0 && vb_now_ns() - start < (u64)ms * 1000000u);
    return sent;
}

u32 Z_envZ_vh_receive(u32 to, u32 room, u32 ms)
{
    u64 start = vb_now_ns();
    u32 got = 0;
    if (!line_in_use) {
        return FAILED;
    }
    do {
        int byte;
        while (got < room && (byte = vb_receive()) >= 0) {
            unsigned char value = (unsigned char)byte;
            vh_give(to + got, &value, 1);
            ++got;
        }
    } while (got == 0 && vb_now_ns() - start < (u64)ms * 1000000u);
    return got == 0 ? NOTHING : got;
}

/* Memory for code. Nothing forbids to write it: what is stored there is nothing but stores. */
static unsigned char code_memory[VG_MAX_FRESH_BYTES] __attribute__((aligned(4096)));

u32 Z_envZ_vh_install(u32 code, u32 length)
{
    if (length > sizeof code_memory) {
        return 0;
    }
    vh_take(code, code_memory, length);
    return TOKEN;
}

u32 Z_envZ_vh_patch(u32 code, u32 length) { return Z_envZ_vh_install(code, length); }

const unsigned char *vh_code(u32 token)
{
    if (token != TOKEN) {
        vh_fault(VH_OUT_OF_BOUNDS);
    }
    return code_memory;
}
