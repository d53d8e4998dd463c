// The parts of ncurses that Swift cannot import: mutable globals, macros and variadic functions.
#pragma once
#define _XOPEN_SOURCE_EXTENDED 1
#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <wchar.h>

// ncurses 6.5 hides the members of a window, and Swift then imports another pointer type than with 6.4. Any definition
// makes the types equal; no code here reads the members.
#if NCURSES_OPAQUE
struct _win_st { char unseen; };
#endif

// Declared here because the macros of <term.h> use common names (`columns`, `lines`, `tab`).
extern char *tigetstr(const char *name);

// The C library's <wchar.h> declares it only under _XOPEN_SOURCE.
extern int wcwidth(wchar_t character);

static inline WINDOW *cncurses_standard_screen(void) { return stdscr; }
static inline WINDOW *cncurses_physical_screen(void) { return curscr; }
static inline int cncurses_color_count(void) { return COLORS; }

static const attr_t cncurses_bold = WA_BOLD;
static const attr_t cncurses_dim = WA_DIM;
static const attr_t cncurses_reverse = WA_REVERSE;
static const attr_t cncurses_underline = WA_UNDERLINE;

// The terminal's size (TIOCGWINSZ, ioctl_tty(2)); false if it has none.
static inline bool cncurses_terminal_size(int fd, int *columns, int *rows) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0) return false;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return true;
}
