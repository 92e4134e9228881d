/*
 * Loaded in front of the C library (LD_PRELOAD): a disk that fails when it is told to.
 *
 * The environment names a file, FAULTY_DISK; its first byte says which fault holds right now (see
 * `enum fault`), so that a test switches faults on and off while the program runs. Only files whose
 * path ends in FAULTY_DISK_SUFFIX, or has it before the last '-' (SQLite's log and index), are meant.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

/* In step with `Fault` in faults.rs. */
enum fault {
    NONE = 0,
    FULL = 1,      /* no write finds room */
    HALF_FULL = 2, /* a write finds room for half of it, the next for nothing */
    READ_ONLY = 3, /* the file system was mounted again, read-only */
    BROKEN = 4,    /* nothing can be written */
    NO_FLUSH = 5,  /* writing works, flushing does not */
};

static volatile const unsigned char *control;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAULTY_DISK");
    int fd = path ? open(path, O_RDONLY) : -1;
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);

    if (page == MAP_FAILED) {
        fprintf(stderr, "FAULTY_DISK does not name a file that can be read\n");
        abort();
    }
    close(fd);
    control = page;
}

static int is_meant(int fd)
{
    static const char suffix[] = FAULTY_DISK_SUFFIX;
    char link[32], path[4096];
    ssize_t length;
    char *dash;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = '\0';
    dash = strrchr(path, '-');
    if (dash && !strchr(dash, '/'))
        *dash = '\0';
    length = (ssize_t)strlen(path);
    return length >= (ssize_t)sizeof suffix - 1 &&
           strcmp(path + length - (sizeof suffix - 1), suffix) == 0;
}

/* How many of `wanted` bytes may be written; 0 with errno set where none may. */
static size_t room(int fd, size_t wanted)
{
    unsigned char fault = *control;

    if (fault == NONE || fault == NO_FLUSH || wanted == 0 || !is_meant(fd))
        return wanted;
    if (fault == HALF_FULL && wanted > 1)
        return wanted / 2;
    errno = fault == READ_ONLY ? EROFS : fault == BROKEN ? EIO : ENOSPC;
    return 0;
}

static int flush_fails(int fd)
{
    if (*control < READ_ONLY || !is_meant(fd))
        return 0;
    errno = *control == READ_ONLY ? EROFS : EIO;
    return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size)
{
    size_t fits = room(fd, size);
    return fits || !size ? NEXT(write)(fd, data, fits) : -1;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    size_t fits = room(fd, size);
    return fits || !size ? NEXT(pwrite)(fd, data, fits, at) : -1;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    size_t fits = room(fd, size);
    return fits || !size ? NEXT(pwrite64)(fd, data, fits, at) : -1;
}

int ftruncate(int fd, off_t size)
{
    return room(fd, 1) ? NEXT(ftruncate)(fd, size) : -1;
}

int ftruncate64(int fd, off64_t size)
{
    return room(fd, 1) ? NEXT(ftruncate64)(fd, size) : -1;
}

int fsync(int fd)
{
    return flush_fails(fd) ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    return flush_fails(fd) ? -1 : NEXT(fdatasync)(fd);
}
