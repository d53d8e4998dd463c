#define _GNU_SOURCE
#include "cwipedheap.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// A sanitizer has its own heap.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

extern void *__libc_malloc(size_t size);
extern void __libc_free(void *block);
extern void *__libc_realloc(void *block, size_t size);

typedef void *allocation(size_t size);
typedef void release(void *block);
typedef void *reallocation(void *block, size_t size);

// Volatile, because the compiler assumes that functions with different names differ. In glibc, malloc(3) has both
// names.
static allocation *const volatile current_malloc = malloc;
static allocation *const volatile glibc_malloc = __libc_malloc;

// True unless a preloaded allocator (such as jemalloc) provides the blocks. The dynamic linker sets both addresses
// before any code of the program runs, so the answer is the same for every block.
static bool is_heap_of_glibc(void) { return current_malloc == glibc_malloc; }

// False until the program's own constructors run. Before that no secret is read, and an uninitialized preloaded
// allocator may report wrong sizes (tcmalloc's debugging build), so blocks are passed on unwiped.
static volatile bool wipes;
__attribute__((constructor)) static void begin_wiping(void) { wipes = true; }

// The functions of a preloaded allocator. The functions below hide its free(3) and realloc(3) from callers, and its
// blocks must not go to another free(3).
static struct {
    release *volatile free;
    reallocation *volatile realloc;
    // False if malloc_usable_size(3) and malloc(3) belong to different libraries, so that it cannot know the sizes.
    volatile bool tells_sizes;
} preloaded;

static bool are_of_one_library(void *one, void *other) {
    Dl_info first, second;
    return dladdr(one, &first) != 0 && dladdr(other, &second) != 0 && first.dli_fbase == second.dli_fbase;
}

// The oldest version of glibc's symbols.
#if defined(__x86_64__)
static const char base_version[] = "GLIBC_2.2.5";
#else
static const char base_version[] = "GLIBC_2.17";
#endif

// The next function of that name after this program's. dlsym(3) skips glibc's libc_malloc_debug.so, whose symbols have
// no default version.
static void *next(const char *name) {
    void *versioned = dlvsym(RTLD_NEXT, name, base_version);
    if (versioned != NULL && are_of_one_library(current_malloc, versioned)) return versioned;
    return dlsym(RTLD_NEXT, name);
}

// Concurrent calls find the same functions. `free` is set last: a thread that reads it also sees the others.
static void find_preloaded(void) {
    static _Thread_local bool is_looking;
    // dlsym(3) may free its own error text. That block is leaked.
    if (is_looking) return;
    is_looking = true;
    preloaded.tells_sizes = are_of_one_library(current_malloc, malloc_usable_size);
    preloaded.realloc = (reallocation *)(uintptr_t)next("realloc");
    __atomic_store_n(&preloaded.free, (release *)(uintptr_t)next("free"), __ATOMIC_RELEASE);
    is_looking = false;
}

static bool has_found_preloaded(void) {
    if (__atomic_load_n(&preloaded.free, __ATOMIC_ACQUIRE) == NULL) find_preloaded();
    return preloaded.free != NULL;
}

static void free_preloaded(void *block) {
    if (!has_found_preloaded()) return;
    if (wipes && preloaded.tells_sizes) explicit_bzero(block, malloc_usable_size(block));
    preloaded.free(block);
}

static void *realloc_preloaded(void *block, size_t size) {
    if (!has_found_preloaded()) return NULL;
    if (!wipes || !preloaded.tells_sizes) return preloaded.realloc(block, size);
    size_t room = malloc_usable_size(block);
    if (size == 0) {
        explicit_bzero(block, room);
        return preloaded.realloc(block, size);
    }
    // Always moves the block: other allocators also move a block that shrinks.
    void *moved = malloc(size);
    if (moved == NULL) return NULL;
    memcpy(moved, block, size < room ? size : room);
    free_preloaded(block);
    return moved;
}

__attribute__((visibility("default"))) void free(void *block) {
    if (block == NULL) return;
    if (!is_heap_of_glibc()) return free_preloaded(block);
    if (wipes) explicit_bzero(block, malloc_usable_size(block));
    __libc_free(block);
}

// When glibc's realloc moves a block, it frees the old one internally, without a wipe.
__attribute__((visibility("default"))) void *realloc(void *block, size_t size) {
    if (block == NULL) return malloc(size);
    if (!is_heap_of_glibc()) return realloc_preloaded(block, size);
    if (!wipes) return __libc_realloc(block, size);
    size_t room = malloc_usable_size(block);
    if (size <= room) {
        explicit_bzero((char *)block + size, room - size);
        return __libc_realloc(block, size);
    }
    void *larger = malloc(size);
    if (larger == NULL) return NULL;
    memcpy(larger, block, room);
    free(block);
    return larger;
}

#endif
