/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fails the program's allocations, each in turn: this header defines malloc and its kin for the test program that
 * includes it (once), and with it for every library in it.
 */
#ifndef DEVSEC_TESTS_ALLOC_FAULTS_H
#define DEVSEC_TESTS_ALLOC_FAULTS_H

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALLOC_FAULTS_ASAN
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ALLOC_FAULTS_ASAN
#endif

/* The libraries must find these, too, although the program hides its symbols. */
#define ALLOC_FAULTS_SEEN __attribute__((visibility("default")))

/* AddressSanitizer allocates before its shadow memory is there for instrumented code to look at. */
#define ALLOC_FAULTS_RAW __attribute__((no_sanitize("address", "undefined")))

#define ALLOC_FAULTS_NEEDLES 4

/* The functions behind the names that are taken here. */
#ifdef ALLOC_FAULTS_ASAN
#define ALLOC_FAULTS_REAL(name) __interceptor_##name
#else
#define ALLOC_FAULTS_REAL(name) __libc_##name
#endif
void *ALLOC_FAULTS_REAL(malloc)(size_t size);
void *ALLOC_FAULTS_REAL(calloc)(size_t count, size_t size);
void *ALLOC_FAULTS_REAL(realloc)(void *memory, size_t size);
void ALLOC_FAULTS_REAL(free)(void *memory);

static struct {
    bool armed;
    bool failed;
    size_t left;         /* allocations that still succeed */
    long held;           /* blocks allocated and not freed while armed */
    const char *watched; /* a block whose end is watched */
    size_t watched_size;
    bool cleansed; /* it was all zeros when it was freed */
    struct {
        const void *octets;
        size_t count;
    } needles[ALLOC_FAULTS_NEEDLES]; /* what must be in no block that is freed while armed */
    size_t n_needles;
    size_t spilled; /* blocks that had one */
} alloc_faults;

/* Lets `left` allocations succeed and fails the next one. */
static inline void alloc_faults_arm(size_t left)
{
    alloc_faults.left = left;
    alloc_faults.failed = false;
    alloc_faults.held = 0;
    alloc_faults.armed = true;
    __asm__ volatile("" ::: "memory"); /* the compiler believes that malloc and free read none of this */
}

/* Back to normal; says whether an allocation was made to fail. */
static inline bool alloc_faults_disarm(void)
{
    __asm__ volatile("" ::: "memory");
    alloc_faults.armed = false;
    return alloc_faults.failed;
}

ALLOC_FAULTS_RAW static inline bool alloc_faults_now(void)
{
    if (!alloc_faults.armed || alloc_faults.failed)
        return false;
    if (alloc_faults.left--)
        return false;
    alloc_faults.failed = true;
    errno = ENOMEM;
    return true;
}

/* Watches for the end of a block that holds what must not stay in memory. */
static inline void alloc_faults_watch(const char *block, size_t size)
{
    alloc_faults.watched = block;
    alloc_faults.watched_size = size;
    alloc_faults.cleansed = false;
}

ALLOC_FAULTS_RAW static inline void alloc_faults_look(void)
{
    size_t zeros = 0;

    while (zeros < alloc_faults.watched_size && alloc_faults.watched[zeros] == 0)
        zeros++;
    alloc_faults.cleansed = zeros == alloc_faults.watched_size;
    alloc_faults.watched = NULL;
}

/* From now on no block may be freed with these octets in it: see `spilled`. */
static inline void alloc_faults_needle(const void *octets, size_t count)
{
    alloc_faults.needles[alloc_faults.n_needles].octets = octets;
    alloc_faults.needles[alloc_faults.n_needles++].count = count;
}

static inline void alloc_faults_search(const void *block)
{
    const size_t size = malloc_usable_size((void *)(uintptr_t)block);

    for (size_t i = 0; i < alloc_faults.n_needles; i++) {
        if (memmem(block, size, alloc_faults.needles[i].octets, alloc_faults.needles[i].count)) {
            alloc_faults.spilled++;
            return;
        }
    }
}

ALLOC_FAULTS_RAW static inline void *alloc_faults_count(void *memory)
{
    if (memory && alloc_faults.armed)
        alloc_faults.held++;
    return memory;
}

ALLOC_FAULTS_SEEN ALLOC_FAULTS_RAW void *malloc(size_t size)
{
    return alloc_faults_now() ? NULL : alloc_faults_count(ALLOC_FAULTS_REAL(malloc)(size));
}

ALLOC_FAULTS_SEEN ALLOC_FAULTS_RAW void *calloc(size_t count, size_t size)
{
    return alloc_faults_now() ? NULL : alloc_faults_count(ALLOC_FAULTS_REAL(calloc)(count, size));
}

ALLOC_FAULTS_SEEN ALLOC_FAULTS_RAW void *realloc(void *memory, size_t size)
{
    void *moved;

    if (memory && alloc_faults.armed && alloc_faults.n_needles)
        alloc_faults_search(memory); /* it may be left behind as it is */
    moved = alloc_faults_now() ? NULL : ALLOC_FAULTS_REAL(realloc)(memory, size);

    return memory ? moved : alloc_faults_count(moved);
}

ALLOC_FAULTS_SEEN ALLOC_FAULTS_RAW void free(void *memory)
{
    if (memory && alloc_faults.armed)
        alloc_faults.held--;
    if (memory && memory == alloc_faults.watched)
        alloc_faults_look();
    if (memory && alloc_faults.armed && alloc_faults.n_needles)
        alloc_faults_search(memory);
    ALLOC_FAULTS_REAL(free)(memory);
}

/* Would otherwise go around malloc under AddressSanitizer. */
ALLOC_FAULTS_SEEN ALLOC_FAULTS_RAW char *strdup(const char *string)
{
    const size_t size = strlen(string) + 1;
    char *copy = malloc(size);

    return copy ? memcpy(copy, string, size) : NULL;
}

#endif
