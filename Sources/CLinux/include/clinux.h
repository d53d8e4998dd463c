// What Linux has and Swift's Glibc module lacks: variadic calls, headers outside its module map, and code that must run
// inside a signal handler. Every descriptor made here is close-on-exec.
#ifndef CLINUX_H
#define CLINUX_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

// The number of arguments of this process, the program's name among them; 0 if it was started without a name.
int clinux_argument_count(void);

// An argument as the kernel handed it over; NULL if there is none of that number. Swift's CommandLine looks for the
// arguments in front of the environment, and finds none if a preloaded library has moved that (setenv(3)).
const char *clinux_argument(int index);

// An entry of the environment, NAME=VALUE (environ(7)); NULL after the last.
const char *clinux_environment_entry(int index);

// A counter to wake a poll(2) with, not blocking (eventfd(2)). -1 and errno where there is none to be had.
int clinux_eventfd(void);

// Adds one to the counter. Async-signal-safe.
void clinux_eventfd_raise(int fd);

// Sets the counter back to zero.
void clinux_eventfd_clear(int fd);

// A file in memory, empty (memfd_create(2)). -1 and errno if none can be made.
int clinux_memory_file(void);

// Makes `fd` another name of what `other` names, closed by an exec (dup3(2)). 0, or -1 and errno.
int clinux_replace_descriptor(int fd, int other);

// The signals of `signals` as something to read, not blocking (signalfd(2)). They must be blocked already, before the
// first thread starts.
int clinux_signalfd(const sigset_t *signals);

// The next signal waiting at a signalfd; 0 where none is.
int clinux_read_signal(int fd);

// No core file, no ptrace by this user's other processes (PR_SET_DUMPABLE, prctl(2)). 0, or -1 and errno.
int clinux_set_undumpable(void);

// 1 where this process may be dumped and traced, else 0.
int clinux_is_dumpable(void);

// Handlers for the signals of a trap, on a stack of their own, that write `sequence` to `fd`, set the terminal to
// `saved`, and die of the same signal. -1 and errno where they can't be installed or the sequence is above 256 bytes.
int clinux_crash_guard_arm(int fd, const uint8_t *sequence, size_t count, const struct termios *saved);

// The default handlers again.
void clinux_crash_guard_disarm(void);

// The default handler for each signal of a trap, and for SIGQUIT.
void clinux_default_crash_handlers(void);

// From here on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP are each written as a byte to `pipe` and do nothing else; the
// calling thread takes them even if it had them blocked. One at a time in a process. 0, or -1 and errno.
int clinux_catch_signals(int pipe);

// The handlers as they were; then `strike`, unless it is 0, sent to the calling thread, so that it does what it would have
// done; then the thread's mask as it was.
void clinux_release_signals(int strike);

// Opens each of the descriptors 0 to 2 that is closed, so that no file opened later gets its number. Reading it and
// writing to it fail with EBADF: an answer that goes nowhere must not count as given.
void clinux_fill_standard_descriptors(void);

// The file `name` in `folder` as something to look at, not to read (O_PATH, open(2)); a link as itself. Closing it drops
// no locks of this process. -1 and errno.
int clinux_open_path(int folder, const char *name);

// Locks one byte of the file for this open file (F_OFD_SETLK, fcntl(2)) without waiting. 0; 1 where another open file has
// the lock; -1 and errno where the file cannot be locked.
int clinux_lock_byte(int fd, int64_t offset);

// 0, or -1 and errno.
int clinux_unlock_byte(int fd, int64_t offset);

// A pipe, neither end blocking: what is written to ends[1] is read from ends[0]. 0, or -1 and errno.
int clinux_pipe(int ends[2]);

// Starts `argv[0]` (a path) in a session of its own, with no signal blocked or ignored, `in`, `out` and `err` as its
// descriptors 0 to 2 and no other open. 0, or an error number.
int clinux_spawn(pid_t *child, char *const argv[], char *const environment[], int in, int out, int err);

// A descriptor that polls readable when `child` has ended (pidfd_open(2), Linux 5.3). -1 and errno.
int clinux_pidfd(pid_t child);

// Runs `work(context)` on a detached thread that takes no signals but those of a trap: all others are for the thread that
// waits for them, and a blocked trap would kill the process without the handlers that restore the terminal. 0, or an error
// number (pthread_create(3)).
int clinux_start_thread(void *(*work)(void *), void *context);

// Names the calling thread: at most 15 bytes.
void clinux_name_thread(const char *name);

// One heap for all threads (mallopt(3)), not one more for each: a few hundred kilobytes less. To be called first in main.
void clinux_share_one_heap(void);

// Unmaps the program's text (madvise(2), MADV_DONTNEED) and gives free heap back. What runs next is mapped again from
// the page cache, at some microseconds for each 64 KiB of it: for when something large is done that comes once.
void clinux_give_back_text(void);

// inotify(7), not blocking.
int clinux_inotify(void);

// Watches the folder for what SQLite does to files in it: written, made, moved, deleted. A watch, or -1 and errno.
int clinux_watch_folder(int fd, const char *path);

// Tells `each` of every event that waits: its file's name ("" for the folder itself), and whether the watch is over or
// events were lost. Returns how many there were.
int clinux_read_watch(int fd, void (*each)(void *context, const char *name, int is_over, int is_lost), void *context);

// A descriptor that polls readable when the wall clock was set, as it is when the machine wakes from a suspend
// (TFD_TIMER_CANCEL_ON_SET, timerfd_create(2)); not blocking. -1 and errno.
int clinux_clock_watch(void);

// Takes what a clock watch has to tell, and lets it watch on. 1 where the clock was set since the last time, else 0.
int clinux_read_clock_watch(int fd);

#endif
