// Linux functions that Swift's Glibc module lacks: variadic calls, headers outside its module map, and code for signal
// handlers. Every descriptor opened here is close-on-exec.
#ifndef CLINUX_H
#define CLINUX_H

#include <linux/keyctl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

// The number of this process's arguments, including the program's name; 0 if it was started without a name.
int clinux_argument_count(void);

// An argument as the kernel passed it; NULL if `index` is out of range. Swift's CommandLine searches for the arguments
// in front of the environment, and finds none if a preloaded library has moved the environment (setenv(3)).
const char *clinux_argument(int index);

// An entry of the environment, NAME=VALUE (environ(7)); NULL after the last.
const char *clinux_environment_entry(int index);

// Keeps this process's environment, open descriptors, ignored signals, signal mask and limit on core files for
// `clinux_become`. Call it once, before the first of them is changed, and before `clinux_set_undumpable`.
void clinux_keep_start(void);

// An entry of the kept environment; NULL after the last.
const char *clinux_kept_environment_entry(int index);

// 1 if the kept state ignores the signal, otherwise 0.
int clinux_kept_ignored(int signal);

// Becomes the program `argv[0]`, as execvp(3) does with the PATH of `environment`: a file of an unknown format is a script
// for /bin/sh. The program gets `environment` and the kept descriptors, signals and limit. Returns only on failure,
// with an error number.
int clinux_become(char *const argv[], char **environment);

// The same in a new child of the same process group. 0, or an error number if the program could not be started.
int clinux_start_command(pid_t *child, char *const argv[], char **environment);

// Looks for a program as execvp(3) does, without starting it. `path` is the value of PATH; NULL means the kept
// environment's. 0 if there is a file that may be started, or the error number that `clinux_become` would return.
int clinux_find_program(const char *name, const char *path);

// 1 if the folder is in memory (tmpfs(5), ramfs), otherwise 0.
int clinux_is_in_memory(const char *path);

// A non-blocking counter that wakes poll(2) (eventfd(2)). -1 and errno on failure.
int clinux_eventfd(void);

// Adds one to the counter. Async-signal-safe.
void clinux_eventfd_raise(int fd);

// Resets the counter to zero.
void clinux_eventfd_clear(int fd);

// An empty file in memory (memfd_create(2)). -1 and errno on failure.
int clinux_memory_file(void);

// Makes `fd` a duplicate of `other` that an exec closes (dup3(2)). 0, or -1 and errno.
int clinux_replace_descriptor(int fd, int other);

// A non-blocking descriptor from which the given signals can be read (signalfd(2)). The signals must be blocked before
// the first thread starts. -1 and errno on failure.
int clinux_signalfd(const sigset_t *signals);

// The next pending signal of a signalfd; 0 if there is none. `is_from_kernel` becomes 1 if the kernel sent the signal, for
// example because of a key of the terminal, and 0 if a process did; it may be NULL.
int clinux_read_signal(int fd, int *is_from_kernel);

// Disables core files, and ptrace by this user's other processes (PR_SET_DUMPABLE, prctl(2)). 0, or -1 and errno.
int clinux_set_undumpable(void);

// 1 if this process can be dumped and traced, otherwise 0.
int clinux_is_dumpable(void);

// Installs handlers for crash signals, on an alternate stack. The handlers write `sequence` to `fd`, set the terminal
// to `saved`, and raise the same signal again. -1 and errno if that fails or the sequence exceeds 256 bytes.
int clinux_crash_guard_arm(int fd, const uint8_t *sequence, size_t count, const struct termios *saved);

// Restores the default handlers.
void clinux_crash_guard_disarm(void);

// Sets the default handler for each crash signal, including SIGQUIT.
void clinux_default_crash_handlers(void);

// From now on each thread that receives SIGQUIT passes it to the calling thread, which must have it blocked and wait for
// it (sigtimedwait(2)).
void clinux_pass_quit_to_this_thread(void);

// From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP only write their number as a byte to `pipe`. The calling
// thread receives them even if it had blocked them. Only one use at a time per process. 0, or -1 and errno.
int clinux_catch_signals(int pipe);

// Restores the previous handlers, raises `strike` (unless it is 0) on the calling thread so that it has its usual
// effect, then restores the thread's signal mask.
void clinux_release_signals(int strike);

// Opens each closed descriptor among 0 to 2, so that no later file gets its number. Reading and writing it fail with
// EBADF, so lost output counts as an error. An exec closes it again.
void clinux_fill_standard_descriptors(void);

// Opens the file `name` in `folder` only to inspect it (O_PATH, open(2)); a link is not followed. Closing it keeps this
// process's locks. -1 and errno on failure.
int clinux_open_path(int folder, const char *name);

// Locks one byte of the file for this open file without waiting (F_OFD_SETLK, fcntl(2)). 0; 1 if another open file has
// the lock; -1 and errno if the file cannot be locked.
int clinux_lock_byte(int fd, int64_t offset);

// Unlocks the byte. 0, or -1 and errno.
int clinux_unlock_byte(int fd, int64_t offset);

// A pipe with non-blocking ends: reads from ends[0], writes to ends[1]. 0, or -1 and errno.
int clinux_pipe(int ends[2]);

// Starts the program at path `argv[0]` in a new session, with default signal handling, no blocked signals, and only
// `in`, `out` and `err` open as descriptors 0 to 2. 0, or an error number.
int clinux_spawn(pid_t *child, char *const argv[], char *const environment[], int in, int out, int err);

// A descriptor that becomes readable when `child` ends (pidfd_open(2), Linux 5.3). -1 and errno on failure.
int clinux_pidfd(pid_t child);

// Runs `work(context)` on a detached thread that blocks all signals except crash signals. Other signals belong to the
// thread that waits for them; a blocked crash signal would kill the process without the handlers that restore the
// terminal. 0, or an error number (pthread_create(3)).
int clinux_start_thread(void *(*work)(void *), void *context);

// Names the calling thread; at most 15 bytes.
void clinux_name_thread(const char *name);

// Makes all threads share one heap (mallopt(3)), which saves a few hundred kilobytes per thread. Call it first in main.
void clinux_share_one_heap(void);

// Drops the program's text from memory (madvise(2), MADV_DONTNEED) and returns free heap to the system. Code that runs
// afterwards is mapped again from the page cache, which costs some microseconds per 64 KiB. Call it after large work
// that happens once.
void clinux_give_back_text(void);

// A non-blocking inotify(7) descriptor. -1 and errno on failure.
int clinux_inotify(void);

// Watches a folder for changes that SQLite makes to its files: write, create, move, delete. A watch, or -1 and errno.
int clinux_watch_folder(int fd, const char *path);

// Calls `each` for every pending event with the file's name ("" for the folder itself), and the flags that the watch
// has ended or that events were lost. Returns the number of events.
int clinux_read_watch(int fd, void (*each)(void *context, const char *name, int is_over, int is_lost), void *context);

// A non-blocking descriptor that becomes readable when the wall clock is set, which also happens on resume from suspend
// (TFD_TIMER_CANCEL_ON_SET, timerfd_create(2)). -1 and errno on failure.
int clinux_clock_watch(void);

// 1 if the clock was set since the last call, otherwise 0; the watch continues.
int clinux_read_clock_watch(int fd);

// Adds a key of the type "user" to a keyring, or replaces the payload of the keyring's key of that description
// (add_key(2)). The key's number, or -1 and errno.
int32_t clinux_add_key(const char *description, const void *payload, size_t count, int32_t keyring);

// The number of the key of the type "user" with that description in a keyring (KEYCTL_SEARCH); -1 and errno.
int32_t clinux_find_key(int32_t keyring, const char *description);

// Copies a key's payload to `buffer` if the payload fits (KEYCTL_READ). The payload's size, or -1 and errno.
long clinux_read_key(int32_t key, void *buffer, size_t size);

// Copies a key's description to `buffer` if it fits (KEYCTL_DESCRIBE). The description's size, or -1 and errno.
long clinux_describe_key(int32_t key, void *buffer, size_t size);

// Any operation of keyctl(2) whose arguments are numbers. The result, or -1 and errno.
long clinux_keyctl(int operation, int32_t key, uint32_t argument);

#endif
