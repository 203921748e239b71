/* The first include of every .c file: standard types, a few macros, and the list of functions that
 * this project does not call.
 *
 * Asserts are always on (NDEBUG is never defined). They check the programmer; what comes from
 * outside (input, disk, broker) is handled with return codes.
 */
#ifndef FRESHET_BASE_BASE_H
#define FRESHET_BASE_BASE_H

#ifdef NDEBUG
#error "asserts stay on: build without NDEBUG"
#endif

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

/* Runs fn(&variable) when the variable leaves its scope. */
#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _printf_(at, first) __attribute__((__format__(__printf__, at, first)))
#define _noreturn_ __attribute__((__noreturn__))
#define _unused_ __attribute__((__unused__))

/* Banned: unbounded, not thread-safe, dependent on the locale, unseeded, or (vsnprintf) writes over
 * an argument that lies in its own buffer: message.h and buf.h do not. */
#define BANNED(name) sorry_##name##_is_banned_here
#undef strcpy
#define strcpy BANNED(strcpy)
#undef strcat
#define strcat BANNED(strcat)
#undef strncpy
#define strncpy BANNED(strncpy)
#undef strncat
#define strncat BANNED(strncat)
#undef sprintf
#define sprintf BANNED(sprintf)
#undef vsprintf
#define vsprintf BANNED(vsprintf)
#undef vsnprintf
#define vsnprintf BANNED(vsnprintf)
#undef strtok
#define strtok BANNED(strtok)
#undef gmtime
#define gmtime BANNED(gmtime)
#undef localtime
#define localtime BANNED(localtime)
#undef ctime
#define ctime BANNED(ctime)
#undef asctime
#define asctime BANNED(asctime)
#undef atoi
#define atoi BANNED(atoi)
#undef atol
#define atol BANNED(atol)
#undef atof
#define atof BANNED(atof)
#undef rand
#define rand BANNED(rand)
#undef srand
#define srand BANNED(srand)
#undef gets
#define gets BANNED(gets)

#endif
