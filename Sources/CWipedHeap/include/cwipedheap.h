// A heap that wipes freed memory. No call is needed: a program only links this library.
#pragma once

// A program's own free(3) and realloc(3) also serve all its libraries (The GNU C Library manual, "Replacing malloc").
// These wipe the block and then call glibc's, which still manages all memory. Copies of a secret made by a String, a
// JSON decoder, libcurl or OpenSSL are therefore wiped when freed.
//
// Alternative measured: mallopt(3)'s M_PERTURB fills only freed blocks above 1,032 bytes. Smaller ones, and so most
// secrets, go into a thread's cache unchanged.
//
// Accepted limits: memory that a library has not freed yet, and old stack contents, are not wiped. __libc_free ties the
// program to glibc. Blocks of a preloaded allocator (jemalloc) go to that allocator's free(3), and are wiped if it
// reports their sizes.
