/*
 * How this processor calls the kernel of Linux, and where a program starts. Each header brings
 *
 *   vl_call   a system call of up to six arguments; its result, or the number of an error made negative,
 *             in whatever way the kernel tells the two apart here;
 *   _start    calls vl_start with the address that the kernel left the arguments' count at.
 *
 * What the kernel may change in a call is named as changed. References, beside those of each header:
 * syscall(2); the processor supplements of the System V ABI, "Process Initialization".
 */
#ifndef VERDIGRIS_LINUX_CALL_H
#define VERDIGRIS_LINUX_CALL_H

#if defined(__alpha__)
#include "alpha.h"
#elif defined(__hppa__)
#include "hppa.h"
#elif defined(__m68k__)
#include "m68k.h"
#elif defined(__mips__) && _MIPS_SIM == _ABIO32
#include "mips.h"
#elif defined(__s390x__)
#include "s390x.h"
#elif defined(__sh__)
#include "sh4.h"
#elif defined(__sparc__) && !defined(__arch64__)
#include "sparc.h"
#elif defined(__x86_64__)
#include "x86_64.h"
#else
#error "how this processor calls the kernel is not written yet: build with a C library"
#endif

#endif
