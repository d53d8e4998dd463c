#define _GNU_SOURCE
#include "cwipedheap.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// A sanitizer brings a heap of its own.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

extern void *__libc_malloc(size_t size);
extern void __libc_free(void *block);
extern void *__libc_realloc(void *block, size_t size);

typedef void *allocation(size_t size);
typedef void release(void *block);
typedef void *reallocation(void *block, size_t size);

// Volatile: the compiler takes two functions of different names for different ones. glibc's malloc(3) has both names.
static allocation *const volatile current_malloc = malloc;
static allocation *const volatile glibc_malloc = __libc_malloc;

// True unless a preloaded allocator (jemalloc, say) gives out the blocks. The dynamic linker has filled in both addresses
// before any of the program runs, so that the answer is the same for every block.
static bool is_heap_of_glibc(void) { return current_malloc == glibc_malloc; }

// False until the program's own constructors run. Before that no secret is read, and a preloaded allocator that has not
// set itself up may tell wrong sizes (tcmalloc's debugging build): blocks are passed on as they are.
static volatile bool wipes;
__attribute__((constructor)) static void begin_wiping(void) { wipes = true; }

// A preloaded allocator's own functions. The functions below hide free(3) and realloc(3) from all who look them up by
// name, and malloc(3) would be left with blocks that another free(3) does not know.
static struct {
    release *volatile free;
    reallocation *volatile realloc;
    // False if malloc_usable_size(3) is of another library than malloc(3), and so can't tell the size of its blocks.
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

// The function that would have that name without this program's. dlsym(3) passes over glibc's libc_malloc_debug.so,
// whose symbols have no default version.
static void *next(const char *name) {
    void *versioned = dlvsym(RTLD_NEXT, name, base_version);
    if (versioned != NULL && are_of_one_library(current_malloc, versioned)) return versioned;
    return dlsym(RTLD_NEXT, name);
}

// Threads that come here at once find the same. `free` is set last: who sees it sees the rest.
static void find_preloaded(void) {
    static _Thread_local bool is_looking;
    // dlsym(3) may free what it has noted of an earlier error. Such a block is left alone.
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
    // Always a move: other allocators move a block that becomes smaller, too.
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

// glibc's own frees the old block behind our back where the larger one lies elsewhere.
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
