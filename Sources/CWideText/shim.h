// wcwidth(3), which the C library's headers declare only under _XOPEN_SOURCE.
#pragma once
#include <stddef.h>
extern int wcwidth(wchar_t character);
