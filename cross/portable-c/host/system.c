/*
 * The system calls of the module, on POSIX: files, sockets, a clock, memory for code. Each function's
 * comment says what src/host.rs may count on; -1 is a failure everywhere. On Linux the functions of POSIX
 * are the C library's, or (VERDIGRIS_BARE) those of linux/calls.c.
 *
 * Without POSIX (VERDIGRIS_NO_POSIX) the program measures and checks itself, but has no network, no
 * wallet and no fresh code; a port to another system starts here.
 */
#if defined(__linux__) && !defined(VERDIGRIS_BARE)
/* What a strict compiler hides there; other systems hide things when they are asked for a standard. */
#define _DEFAULT_SOURCE
#define _POSIX_C_SOURCE 200112L
#endif

#include <stdlib.h>
#include <string.h>

#include "host.h"

#if defined(VERDIGRIS_NO_POSIX)
#include <stdio.h>
#include <time.h>
#elif defined(VERDIGRIS_BARE)
#include "linux/posix.h"
#else
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <sys/time.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifndef MAP_FAILED
#define MAP_FAILED ((void *)-1)
#endif
#endif

/* vh_read_file: others than the owner may read it. */
#define PUBLIC ((u32)-2)
/* vh_read_file: there, but cannot be read. */
#define UNREADABLE ((u32)-3)

/* Longest file name, host name or system's name, with its end. */
#define NAME 512

static int argument_count;
static char **arguments;

/* A text of the module, ended by 0; 0 if it is too long. */
static int text(u32 address, u32 length, char *to)
{
    if (length >= NAME) {
        return 0;
    }
    vh_take(address, to, length);
    to[length] = 0;
    return 1;
}

/* The argument of this number, the first being 0: its length. */
u32 Z_envZ_vh_argument(u32 index, u32 to, u32 room)
{
    if (index >= (u32)argument_count) {
        return FAILED;
    }
    return vh_answer(to, room, arguments[index]);
}

#ifdef VERDIGRIS_NO_POSIX

#include "absent.c"

void vh_put(u32 stream, const char *from, u32 bytes)
{
    fwrite(from, 1, bytes, stream == 1 ? stdout : stderr);
}

u64 Z_envZ_vh_now_ns(void)
{
    return (u64)clock() * (1000000000u / CLOCKS_PER_SEC);
}

void Z_envZ_vh_wait_ms(u32 ms)
{
    clock_t end = clock() + (clock_t)((double)ms / 1000 * CLOCKS_PER_SEC);
    while (clock() < end) {
    }
}

u32 Z_envZ_vh_system(u32 what, u32 to, u32 room)
{
    (void)what, (void)to, (void)room;
    return FAILED;
}

u32 Z_envZ_vh_number(u32 what)
{
    (void)what;
    return 0;
}

u32 Z_envZ_vh_read_file(u32 name, u32 length, u32 private, u32 offset, u32 to, u32 room)
{
    (void)name, (void)length, (void)private, (void)offset, (void)to, (void)room;
    return FAILED;
}

u32 Z_envZ_vh_append_file(u32 name, u32 length, u32 from, u32 count)
{
    (void)name, (void)length, (void)from, (void)count;
    return FAILED;
}

u32 Z_envZ_vh_open_serial(u32 device, u32 length, u32 baud)
{
    (void)device, (void)length, (void)baud;
    return FAILED;
}

u32 Z_envZ_vh_send(u32 from, u32 length, u32 ms)
{
    (void)from, (void)length, (void)ms;
    return FAILED;
}

u32 Z_envZ_vh_receive(u32 to, u32 room, u32 ms)
{
    (void)to, (void)room, (void)ms;
    return FAILED;
}

void Z_envZ_vh_close(void) {}

u32 Z_envZ_vh_install(u32 code, u32 length)
{
    (void)code, (void)length;
    return 0;
}

u32 Z_envZ_vh_patch(u32 code, u32 length)
{
    (void)code, (void)length;
    return 0;
}

const unsigned char *vh_code(u32 token)
{
    (void)token;
    vh_fault(VH_OUT_OF_BOUNDS);
    return NULL;
}

#else

/* Writes everything, as long as somebody takes it. */
void vh_put(u32 stream, const char *from, u32 bytes)
{
    while (bytes != 0) {
        ssize_t written = write((int)stream, from, bytes);
        if (written <= 0 && errno != EINTR) {
            return;
        }
        if (written > 0) {
            from += written;
            bytes -= (u32)written;
        }
    }
}

/* Nanoseconds of a clock that does not go back where the system has one. */
u64 Z_envZ_vh_now_ns(void)
{
#ifdef CLOCK_MONOTONIC
    struct timespec now;
#ifdef CLOCK_MONOTONIC_RAW
    if (clock_gettime(CLOCK_MONOTONIC_RAW, &now) == 0) {
        return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
    }
#endif
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
#else
    struct timeval now;
    gettimeofday(&now, NULL);
    return (u64)now.tv_sec * 1000000000u + (u64)now.tv_usec * 1000u;
#endif
}

/* Sleeps. */
void Z_envZ_vh_wait_ms(u32 ms)
{
    struct timeval time;
    time.tv_sec = (long)(ms / 1000);
    time.tv_usec = (long)(ms % 1000 * 1000);
    select(0, NULL, NULL, NULL, &time);
}

/* So many bytes of the system's generator that never waits: how many there were. */
static ssize_t chance(void *to, size_t bytes)
{
    struct stat about;
    ssize_t got = -1;
    int file;
#ifdef SYS_getrandom
    /* Linux 3.17 and later, which refuses while it has not gathered enough (1: GRND_NONBLOCK). */
    got = syscall(SYS_getrandom, to, bytes, 1);
    if (got >= 0 || errno != ENOSYS) {
        return got;
    }
#endif
    file = open("/dev/urandom", O_RDONLY | O_NOCTTY, 0);
    /* A file of that name could hold anything. */
    if (file >= 0 && fstat(file, &about) == 0 && S_ISCHR(about.st_mode)) {
        got = read(file, to, bytes);
    }
    if (file >= 0) {
        close(file);
    }
    return got;
}

/* Fills the bytes from the system's generator, or fails: nothing is ever guessed. */
u32 Z_envZ_vh_entropy(u32 to, u32 length)
{
    unsigned char bytes[64];
    u32 done = FAILED;
    if (length <= sizeof bytes && chance(bytes, length) == (ssize_t)length) {
        vh_give(to, bytes, length);
        done = length;
    }
    memset(bytes, 0, sizeof bytes);
    return done;
}

/* A name of the system: 0 of the host, 1 of the architecture, 2 of itself, 3 of its version. */
u32 Z_envZ_vh_system(u32 what, u32 to, u32 room)
{
    struct utsname names;
    if (uname(&names) < 0) {
        return FAILED;
    }
    return vh_answer(to, room,
                     what == 0   ? names.nodename
                     : what == 1 ? names.machine
                     : what == 2 ? names.sysname
                                 : names.release);
}

/* A number of the system; 0 where it does not say: 0 cores, 1 KiB of free memory, 2 bytes of a page. */
u32 Z_envZ_vh_number(u32 what)
{
    long number = -1;
    if (what == 0) {
#ifdef _SC_NPROCESSORS_ONLN
        number = sysconf(_SC_NPROCESSORS_ONLN);
#endif
    } else if (what == 1) {
#ifdef _SC_AVPHYS_PAGES
        number = sysconf(_SC_AVPHYS_PAGES);
        if (number > 0) {
            u64 kib = (u64)number * (u64)sysconf(_SC_PAGESIZE) / 1024;
            return kib < FAILED ? (u32)kib : FAILED;
        }
#endif
    } else {
        number = sysconf(_SC_PAGESIZE);
    }
    return number > 0 ? (u32)number : 0;
}

/* The name of the entry of this number in a folder, the first being 0; "." and ".." do not count. */
u32 Z_envZ_vh_entry(u32 folder, u32 length, u32 index, u32 to, u32 room)
{
    char path[NAME];
    struct dirent *found;
    DIR *there;
    u32 given = FAILED;
    if (!text(folder, length, path) || (there = opendir(path)) == NULL) {
        return FAILED;
    }
    while ((found = readdir(there)) != NULL) {
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) {
            continue;
        }
        if (index-- == 0) {
            given = vh_answer(to, room, found->d_name);
            break;
        }
    }
    closedir(there);
    return given;
}

/*
 * Reads a file from an offset: how many bytes, 0 at its end; -1 where there is none, -2 where it has to
 * be private and others than its owner may read it, -3 where it cannot be read.
 */
u32 Z_envZ_vh_read_file(u32 name, u32 length, u32 private, u32 offset, u32 to, u32 room)
{
    char path[NAME], bytes[NAME];
    struct stat about;
    ssize_t got;
    u32 all = 0;
    int file;
    if (!text(name, length, path)) {
        return UNREADABLE;
    }
    file = open(path, O_RDONLY, 0);
    if (file < 0) {
        return errno == ENOENT ? FAILED : UNREADABLE;
    }
    if (private && (fstat(file, &about) < 0 || (about.st_mode & 077) != 0)) {
        close(file);
        return PUBLIC;
    }
    got = offset != 0 && lseek(file, (off_t)offset, SEEK_SET) < 0 ? -1 : 1;
    while (got > 0 && all < room) {
        got = read(file, bytes, room - all < sizeof bytes ? room - all : sizeof bytes);
        if (got > 0) {
            vh_give(to + all, bytes, (u32)got);
            all += (u32)got;
        }
    }
    close(file);
    memset(bytes, 0, sizeof bytes);
    return got < 0 ? UNREADABLE : all;
}

/* Adds bytes to the end of a file in one write; makes it where there is none. */
u32 Z_envZ_vh_append_file(u32 name, u32 length, u32 from, u32 count)
{
    char path[NAME], bytes[NAME];
    int file, fine;
    if (!text(name, length, path) || count > sizeof bytes) {
        return FAILED;
    }
    file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (file < 0) {
        return FAILED;
    }
    vh_take(from, bytes, count);
    fine = write(file, bytes, count) == (ssize_t)count;
    fine = close(file) == 0 && fine;
    return fine ? 0 : FAILED;
}

/* Creates a file that was not there and that only its owner may read; on disk before it answers. */
u32 Z_envZ_vh_create_file(u32 name, u32 length, u32 from, u32 count)
{
    char path[NAME], bytes[NAME];
    int file, fine;
    if (!text(name, length, path) || count > sizeof bytes) {
        return FAILED;
    }
    file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (file < 0) {
        return FAILED;
    }
    vh_take(from, bytes, count);
    fine = write(file, bytes, count) == (ssize_t)count;
    fine = fsync(file) == 0 && fine;
    fine = close(file) == 0 && fine;
    memset(bytes, 0, sizeof bytes);
    if (!fine) {
        unlink(path);
        return FAILED;
    }
    return 0;
}

/* The one connection or serial line; -1: none. */
static int wire = -1;

/* Waits until a file can be read or written; whether it can. */
static int ready(int file, int writing, u32 ms)
{
    fd_set set;
    struct timeval time;
    if (file >= FD_SETSIZE) {
        return 0;
    }
    FD_ZERO(&set);
    FD_SET(file, &set);
    time.tv_sec = (long)(ms / 1000);
    time.tv_usec = (long)(ms % 1000 * 1000);
    return select(file + 1, writing ? NULL : &set, writing ? &set : NULL, NULL, &time) > 0;
}

/* Starts a connection and waits for it; whether it stands. */
static int reach(int family, const struct sockaddr *address, socklen_t length, u32 ms)
{
    int error = 0;
    socklen_t size = sizeof error;
    wire = socket(family, SOCK_STREAM, 0);
    if (wire < 0) {
        return 0;
    }
    fcntl(wire, F_SETFL, fcntl(wire, F_GETFL, 0) | O_NONBLOCK);
    if (connect(wire, address, length) == 0) {
        return 1;
    }
    if (errno == EINPROGRESS && ready(wire, 1, ms) &&
        getsockopt(wire, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
        return 1;
    }
    close(wire);
    wire = -1;
    return 0;
}

/* An address and a port as sockets take them. */
union address {
    struct sockaddr any;
    struct sockaddr_in four;
#ifdef VERDIGRIS_IPV6
    struct sockaddr_in6 six;
#endif
};

/* Fills an address from 4 or 16 bytes in the network's order; its length, 0 for a kind that the program
 * was not built for. */
static socklen_t filled(u32 from, u32 length, u32 port, union address *to)
{
    memset(to, 0, sizeof *to);
    if (length == 4) {
        to->four.sin_family = AF_INET;
        to->four.sin_port = htons((unsigned short)port);
        vh_take(from, &to->four.sin_addr, length);
        return sizeof to->four;
    }
#ifdef VERDIGRIS_IPV6
    if (length == 16) {
        to->six.sin6_family = AF_INET6;
        to->six.sin6_port = htons((unsigned short)port);
        vh_take(from, &to->six.sin6_addr, length);
        return sizeof to->six;
    }
#endif
    return 0;
}

/* Connects to an address within so many milliseconds. */
u32 Z_envZ_vh_connect(u32 host, u32 length, u32 port, u32 ms)
{
    union address to;
    socklen_t bytes = filled(host, length, port, &to);
    return bytes != 0 && reach(to.any.sa_family, &to.any, bytes, ms) ? 0 : FAILED;
}

/* Sends a datagram to an address and waits for the first one from there: its length, or NOTHING. */
u32 Z_envZ_vh_ask(u32 host, u32 length, u32 port, u32 question, u32 count, u32 to, u32 room,
                  u32 ms)
{
    unsigned char piece[512];
    union address server;
    socklen_t bytes = filled(host, length, port, &server);
    u32 found = FAILED;
    int asking;
    if (bytes == 0 || count > sizeof piece) {
        return FAILED;
    }
    asking = socket(server.any.sa_family, SOCK_DGRAM, 0);
    if (asking < 0) {
        return FAILED;
    }
    vh_take(question, piece, count);
    /* Connected, so that nobody else is heard. */
    if (connect(asking, &server.any, bytes) == 0 && write(asking, piece, count) == (ssize_t)count) {
        found = NOTHING;
        if (ready(asking, 0, ms)) {
            u32 part = room < sizeof piece ? room : (u32)sizeof piece;
            ssize_t got = read(asking, piece, part);
            found = FAILED;
            if (got >= 0) {
                vh_give(to, piece, (u32)got);
                found = (u32)got;
            }
        }
    }
    close(asking);
    return found;
}

void Z_envZ_vh_close(void)
{
    if (wire >= 0) {
        close(wire);
        wire = -1;
    }
}

/* Speeds of serial lines, bits a second, and their names to the system. */
static const struct {
    u32 baud;
    speed_t name;
} speeds[] = {
    {1200, B1200}, {2400, B2400}, {4800, B4800}, {9600, B9600}, {19200, B19200}, {38400, B38400},
#ifdef B57600
    {57600, B57600},
#endif
#ifdef B115200
    {115200, B115200},
#endif
};

/* Makes a serial device the line: raw, 8 bits, no parity, one stop bit, no flow control. */
u32 Z_envZ_vh_open_serial(u32 device, u32 length, u32 baud)
{
    char name[NAME];
    struct termios line;
    size_t i = 0;
    while (i < sizeof speeds / sizeof *speeds && speeds[i].baud != baud) {
        ++i;
    }
    if (i == sizeof speeds / sizeof *speeds || !text(device, length, name)) {
        return FAILED;
    }
    Z_envZ_vh_close();
    wire = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
    if (wire < 0) {
        return FAILED;
    }
    if (tcgetattr(wire, &line) == 0) {
        line.c_iflag = 0;
        line.c_oflag = 0;
        line.c_lflag = 0;
        line.c_cflag = CS8 | CREAD | CLOCAL;
        line.c_cc[VMIN] = 0;
        line.c_cc[VTIME] = 0;
        if (cfsetispeed(&line, speeds[i].name) == 0 && cfsetospeed(&line, speeds[i].name) == 0 &&
            tcsetattr(wire, TCSANOW, &line) == 0) {
            return 0;
        }
    }
    close(wire);
    wire = -1;
    return FAILED;
}

/* Sends some of the bytes: how many; 0 where none could be in time. */
u32 Z_envZ_vh_send(u32 from, u32 length, u32 ms)
{
    unsigned char piece[1024];
    u32 part = length < sizeof piece ? length : (u32)sizeof piece;
    ssize_t sent;
    if (wire < 0) {
        return FAILED;
    }
    if (!ready(wire, 1, ms)) {
        return 0;
    }
    vh_take(from, piece, part);
    sent = write(wire, piece, part);
    if (sent < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : FAILED;
    }
    return (u32)sent;
}

/* Receives bytes: how many; 0 where the other side has closed. */
u32 Z_envZ_vh_receive(u32 to, u32 room, u32 ms)
{
    unsigned char piece[1024];
    u32 part = room < sizeof piece ? room : (u32)sizeof piece;
    ssize_t got;
    if (wire < 0) {
        return FAILED;
    }
    if (!ready(wire, 0, ms)) {
        return NOTHING;
    }
    got = read(wire, piece, part);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? NOTHING : FAILED;
    }
    vh_give(to, piece, (u32)got);
    return (u32)got;
}

/*
 * Memory for code: executable, or for the moment of an installation writable, never both. And the same
 * memory at another address, writable and never executable, where the system lends such a thing: what is
 * stored there is nothing but stores, by which no system synchronises caches.
 */
static unsigned char *code_memory;
static unsigned char *code_alias;
static size_t code_bytes;

/* New memory that can be read and written, of a file, or of nobody where "file" is -1; 0: refused. */
static unsigned char *mapping(int file)
{
    void *memory;
#if defined(MAP_ANONYMOUS)
    int nobody = MAP_PRIVATE | MAP_ANONYMOUS;
#elif defined(MAP_ANON)
    int nobody = MAP_PRIVATE | MAP_ANON;
#else
    int nobody = MAP_PRIVATE;
    int zeros = -1;
    if (file < 0) {
        zeros = open("/dev/zero", O_RDWR, 0);
        memory = mmap(NULL, code_bytes, PROT_READ | PROT_WRITE, nobody, zeros, 0);
        close(zeros);
        return memory == MAP_FAILED ? NULL : memory;
    }
#endif
    memory = mmap(NULL, code_bytes, PROT_READ | PROT_WRITE, file < 0 ? nobody : MAP_SHARED, file, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* Maps a file of no name twice, once to be executed; whether that was allowed. Closes the file. */
static int map_twice(int file)
{
    int fine = file >= 0 && ftruncate(file, (off_t)code_bytes) == 0;
    if (fine) {
        code_memory = mapping(file);
        code_alias = mapping(file);
        fine = code_memory != NULL && code_alias != NULL &&
               mprotect(code_memory, code_bytes, PROT_READ | PROT_EXEC) == 0;
    }
    if (!fine) {
        if (code_memory != NULL) {
            munmap((void *)code_memory, code_bytes);
        }
        if (code_alias != NULL) {
            munmap((void *)code_alias, code_bytes);
        }
        code_memory = code_alias = NULL;
    }
    if (file >= 0) {
        close(file);
    }
    return fine;
}

/* A new file whose name is gone already; -1: none, also where there is a file of that name: two programs that
 * start at once need not both have an alias. */
static int unlinked_file(const char *name)
{
    int file = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (file >= 0) {
        unlink(name);
    }
    return file;
}

/* Finds memory for code; whether there is some. */
static int code_ready(void)
{
    long page = sysconf(_SC_PAGESIZE);
    if (code_memory != NULL) {
        return 1;
    }
    code_bytes = page > VG_MAX_FRESH_BYTES ? (size_t)page : VG_MAX_FRESH_BYTES;
#ifdef SYS_memfd_create
    /* By number, because C libraries older than the kernel lack the function. 1: closed on exec. */
    if (map_twice((int)syscall(SYS_memfd_create, "verdigris", 1, 0))) {
        return 1;
    }
#endif
    if (map_twice(unlinked_file("/dev/shm/verdigris-code")) ||
        map_twice(unlinked_file("/tmp/verdigris-code"))) {
        return 1;
    }
    code_memory = mapping(-1);
    return code_memory != NULL;
}

/* Makes the bytes executable, in place of what was there; 0: refused. */
u32 Z_envZ_vh_install(u32 code, u32 length)
{
    if (!code_ready() || length > code_bytes ||
        mprotect((void *)code_memory, code_bytes, PROT_READ | PROT_WRITE) < 0) {
        return 0;
    }
    vh_take(code, code_memory, length);
    return mprotect((void *)code_memory, code_bytes, PROT_READ | PROT_EXEC) < 0 ? 0 : TOKEN;
}

/* As vh_install, by plain stores where the system lends the memory twice. */
u32 Z_envZ_vh_patch(u32 code, u32 length)
{
    if (code_alias == NULL || length > code_bytes) {
        return Z_envZ_vh_install(code, length);
    }
    vh_take(code, code_alias, length);
    return TOKEN;
}

const unsigned char *vh_code(u32 token)
{
    if (token != TOKEN || code_memory == NULL) {
        vh_fault(VH_OUT_OF_BOUNDS);
    }
    return code_memory;
}

#endif

void vh_die(const char *why)
{
    static const char what[] = "error: ";
    vh_put(2, what, sizeof what - 1);
    vh_put(2, why, (u32)strlen(why));
    vh_put(2, "\n", 1);
    exit(5);
}

int main(int argc, char **argv)
{
    argument_count = argc > 1 ? argc - 1 : 0;
    arguments = argv + 1;
#ifndef VERDIGRIS_NO_POSIX
    /* A connection that breaks while sending is an error, not an end. */
    signal(SIGPIPE, SIG_IGN);
#endif
    return (int)verdigris_main();
}
