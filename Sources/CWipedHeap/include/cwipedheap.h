// A heap that wipes what is freed. To be linked is all it takes.
#pragma once

// A program that defines free(3) and realloc(3) defines them for all its libraries too (The GNU C Library manual,
// "Replacing malloc"). Ours wipe the block and end in glibc's, which still gives out and manages all memory. So a copy
// of a secret that a String, a JSON decoder, libcurl or OpenSSL has made is gone when it is freed, not when chance
// overwrites it.
//
// Measured instead: mallopt(3)'s M_PERTURB. It fills freed blocks of more than 1,032 bytes alone; smaller ones, and so
// most secrets, go into a thread's cache as they are.
//
// Accepted: what a library still holds is there until it frees it, and what was on a stack until it is overwritten.
// __libc_free is glibc's, as the program is. If an allocator is preloaded (jemalloc), its blocks end in its own free(3),
// wiped if that allocator tells their sizes.
