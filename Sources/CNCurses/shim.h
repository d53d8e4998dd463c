// What Swift cannot import of ncurses by itself: mutable globals, macros and variadic functions.
#pragma once
#define _XOPEN_SOURCE_EXTENDED 1
#define NCURSES_WIDECHAR 1
#include <ncurses.h>
