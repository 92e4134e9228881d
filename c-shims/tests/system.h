/*
 * What the driver needs of a system: read, write, memory for code, the end.
 *
 * From the C library where there is one. Compiled with VG_FREESTANDING, by system calls of Linux:
 * static programs of glibc do not start on Alpha and SH-4 under QEMU 7.2.
 */
#ifndef VG_FREESTANDING

#include <sys/mman.h>
#include <unistd.h>

static long system_read(char *into, unsigned long room) { return (long)read(0, into, room); }

static void system_write(const char *text, unsigned long length)
{
    if (write(1, text, length) != (long)length) {
        _exit(2);
    }
}

static void *system_code(unsigned long length)
{
    void *place = mmap(0, length, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
    return place == MAP_FAILED ? 0 : place;
}

static void system_exit(int status) { _exit(status); }

#else

#define SYSTEM_EXIT 1
#define SYSTEM_READ 3
#define SYSTEM_WRITE 4
/* Readable, writable, executable. */
#define SYSTEM_PROTECTION 7

#if defined(__alpha__)
#define SYSTEM_MMAP 71
#define SYSTEM_MAP_FLAGS 0x12
#define SYSTEM_MAP_OFFSET 0

static long system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long result __asm__("$0") = number;
    register long r16 __asm__("$16") = a;
    register long r17 __asm__("$17") = b;
    register long r18 __asm__("$18") = c;
    register long r19 __asm__("$19") = d;
    register long r20 __asm__("$20") = e;
    register long r21 __asm__("$21") = f;
    __asm__ __volatile__("call_pal 0x83"
                         : "+r"(result), "+r"(r19), "+r"(r16), "+r"(r17), "+r"(r18), "+r"(r20),
                           "+r"(r21)
                         :
                         : "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$22", "$23", "$24",
                           "$25", "$27", "$28", "memory");
    return r19 ? -1 : result;
}

__asm__(".globl _start\n.ent _start\n_start:\n\tbr $27,1f\n1:\tldgp $29,0($27)\n\tjsr $26,main\n"
        "\tbis $0,$0,$16\n\tlda $0,1($31)\n\tcall_pal 0x83\n.end _start\n");
#elif defined(__sh__)
#define SYSTEM_MMAP 192
#define SYSTEM_MAP_FLAGS 0x22

static long system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r3 __asm__("r3") = number;
    register long r4 __asm__("r4") = a;
    register long r5 __asm__("r5") = b;
    register long r6 __asm__("r6") = c;
    register long r7 __asm__("r7") = d;
    register long r0 __asm__("r0") = e;
    register long r1 __asm__("r1") = f;
    __asm__ __volatile__("trapa #0x16"
                         : "+r"(r0)
                         : "r"(r3), "r"(r4), "r"(r5), "r"(r6), "r"(r7), "r"(r1)
                         : "memory");
    return r0 < 0 ? -1 : r0;
}

__asm__(".globl _start\n\t.align 2\n_start:\n\tmov.l 1f,r0\n\tjsr @r0\n\tnop\n\tmov r0,r4\n"
        "\tmov #1,r3\n\ttrapa #0x16\n\tnop\n\t.align 2\n1:\t.long main\n");
#else
#error "no system calls for this processor"
#endif

/* What a compiler may call for structures. */
void *memcpy(void *to, const void *from, unsigned long length);
void *memset(void *to, int byte, unsigned long length);

void *memcpy(void *to, const void *from, unsigned long length)
{
    volatile unsigned char *into = to;
    const unsigned char *of = from;
    while (length-- != 0) {
        *into++ = *of++;
    }
    return to;
}

void *memset(void *to, int byte, unsigned long length)
{
    volatile unsigned char *into = to;
    while (length-- != 0) {
        *into++ = (unsigned char)byte;
    }
    return to;
}

static long system_read(char *into, unsigned long room)
{
    return system_call(SYSTEM_READ, 0, (long)into, (long)room, 0, 0, 0);
}

static void system_write(const char *text, unsigned long length)
{
    (void)system_call(SYSTEM_WRITE, 1, (long)text, (long)length, 0, 0, 0);
}

static void *system_code(unsigned long length)
{
    long place =
        system_call(SYSTEM_MMAP, 0, (long)length, SYSTEM_PROTECTION, SYSTEM_MAP_FLAGS, -1, 0);
    return place == -1 ? 0 : (void *)place;
}

static void system_exit(int status) { (void)system_call(SYSTEM_EXIT, status, 0, 0, 0, 0, 0); }

#endif
