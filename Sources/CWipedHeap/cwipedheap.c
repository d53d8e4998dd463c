#include "cwipedheap.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

// A sanitizer brings a heap of its own.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

extern void __libc_free(void *block);
extern void *__libc_realloc(void *block, size_t size);

__attribute__((visibility("default"))) void free(void *block) {
    if (block == NULL) return;
    explicit_bzero(block, malloc_usable_size(block));
    __libc_free(block);
}

// glibc's own frees the old block behind our back where the larger one lies elsewhere.
__attribute__((visibility("default"))) void *realloc(void *block, size_t size) {
    if (block == NULL) return malloc(size);
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
