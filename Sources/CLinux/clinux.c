#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

// MARK: - Arguments

static int argument_count;
static char **argument_values;

// glibc passes constructors the same arguments as main (call_init in csu/libc-start.c).
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    argument_count = count;
    argument_values = values;
}

int clinux_argument_count(void) { return argument_count; }

const char *clinux_argument(int index) {
    return index >= 0 && index < argument_count ? argument_values[index] : NULL;
}

const char *clinux_environment_entry(int index) { return environ == NULL ? NULL : environ[index]; }

// MARK: - Descriptors to wait for

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void clinux_eventfd_raise(int fd) {
    int saved = errno;
    uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {}
    errno = saved;
}

void clinux_eventfd_clear(int fd) {
    uint64_t count;
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR) {}
}

int clinux_memory_file(void) { return memfd_create("keyfob", MFD_CLOEXEC); }

int clinux_replace_descriptor(int fd, int other) {
    int result;
    do result = dup3(other, fd, O_CLOEXEC);
    while (result < 0 && (errno == EINTR || errno == EBUSY));
    return result < 0 ? -1 : 0;
}

int clinux_signalfd(const sigset_t *signals) { return signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK); }

int clinux_read_signal(int fd, int *is_from_kernel) {
    struct signalfd_siginfo info;
    ssize_t got;
    while ((got = read(fd, &info, sizeof info)) < 0 && errno == EINTR) {}
    if (got != sizeof info) return 0;
    if (is_from_kernel != NULL) *is_from_kernel = info.ssi_code == SI_KERNEL;
    return (int)info.ssi_signo;
}

int clinux_set_undumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

int clinux_is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0; }

// MARK: - Traps

static const int traps[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGQUIT};
enum { trap_count = sizeof traps / sizeof *traps, longest_sequence = 256 };

// Written before the handlers are installed, and read only by the handlers.
static int guarded_fd;
static uint8_t restoring_sequence[longest_sequence];
static size_t restoring_count;
static struct termios saved_terminal;

// If two threads crash at once, both restore the terminal, and neither dies before it has finished.
static void restore_and_die(int trap) {
    size_t done = 0;
    while (done < restoring_count) {
        ssize_t wrote = write(guarded_fd, restoring_sequence + done, restoring_count - done);
        if (wrote < 0 && errno != EINTR) break;
        if (wrote > 0) done += (size_t)wrote;
    }
    tcsetattr(guarded_fd, TCSANOW, &saved_terminal);
    signal(trap, SIG_DFL);
    // The signal is blocked in its handler. The signal takes effect on return, now with the default action.
    raise(trap);
}

int clinux_crash_guard_arm(int fd, const uint8_t *sequence, size_t count, const struct termios *saved) {
    // One permanent stack, for the first thread that calls this (the main thread). A stack overflow on another thread
    // kills the process without restoring the terminal.
    static void *stack;
    const size_t stack_size = 64 * 1024;
    if (count > longest_sequence) {
        errno = EINVAL;
        return -1;
    }
    if (!stack) {
        stack = malloc(stack_size);
        if (!stack) return -1;
        stack_t alternate = {.ss_sp = stack, .ss_size = stack_size};
        if (sigaltstack(&alternate, NULL) != 0) return -1;
    }
    clinux_crash_guard_disarm();
    guarded_fd = fd;
    memcpy(restoring_sequence, sequence, count);
    restoring_count = count;
    saved_terminal = *saved;
    struct sigaction action = {.sa_handler = restore_and_die, .sa_flags = SA_ONSTACK};
    // Includes SIGTTOU: in the background tcsetattr(3) would stop the process within its handler.
    sigfillset(&action.sa_mask);
    for (int i = 0; i < trap_count; i++) {
        if (sigaction(traps[i], &action, NULL) != 0) return -1;
    }
    return 0;
}

void clinux_crash_guard_disarm(void) { clinux_default_crash_handlers(); }

void clinux_default_crash_handlers(void) {
    for (int i = 0; i < trap_count; i++) signal(traps[i], SIG_DFL);
}

// MARK: - SIGQUIT during a pause

static pthread_t quit_thread;

static void pass_to_quit_thread(int number) {
    int saved = errno;
    pthread_kill(quit_thread, number);
    errno = saved;
}

void clinux_pass_quit_to_this_thread(void) {
    quit_thread = pthread_self();
    struct sigaction action = {.sa_handler = pass_to_quit_thread, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    sigaction(SIGQUIT, &action, NULL);
}

// MARK: - Signals while a passphrase is typed

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { caught_count = sizeof caught / sizeof *caught };

static int caught_pipe = -1;
static struct sigaction former_actions[caught_count];
static sigset_t former_mask;

static void write_to_pipe(int number) {
    int saved = errno;
    uint8_t byte = (uint8_t)number;
    while (write(caught_pipe, &byte, 1) < 0 && errno == EINTR) {}
    errno = saved;
}

int clinux_catch_signals(int pipe) {
    sigset_t set;
    sigemptyset(&set);
    caught_pipe = pipe;
    for (int i = 0; i < caught_count; i++) {
        struct sigaction action = {.sa_handler = write_to_pipe, .sa_flags = SA_RESTART};
        sigfillset(&action.sa_mask);
        sigaction(caught[i], NULL, &former_actions[i]);
        // A signal that was ignored before (nohup, a background job) stays ignored.
        if (former_actions[i].sa_handler == SIG_IGN) continue;
        if (sigaction(caught[i], &action, NULL) != 0) return -1;
        sigaddset(&set, caught[i]);
    }
    int problem = pthread_sigmask(SIG_UNBLOCK, &set, &former_mask);
    if (problem != 0) errno = problem;
    return problem == 0 ? 0 : -1;
}

void clinux_release_signals(int strike) {
    for (int i = 0; i < caught_count; i++) sigaction(caught[i], &former_actions[i], NULL);
    if (strike != 0) raise(strike);
    pthread_sigmask(SIG_SETMASK, &former_mask, NULL);
    caught_pipe = -1;
}

// MARK: - Descriptors, children, threads

void clinux_fill_standard_descriptors(void) {
    for (int fd = 0; fd <= 2; fd++) {
        // read(2) and write(2) fail on an O_PATH descriptor (EBADF), and every root has the folder /.
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) open("/", O_PATH | O_CLOEXEC);
    }
}

int clinux_open_path(int folder, const char *name) { return openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC); }

static int set_byte_lock(int fd, int64_t offset, short type) {
    // l_pid must be 0 for a lock that belongs to the open file.
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock);
}

int clinux_lock_byte(int fd, int64_t offset) {
    if (set_byte_lock(fd, offset, F_WRLCK) == 0) return 0;
    return errno == EAGAIN || errno == EACCES ? 1 : -1;
}

int clinux_unlock_byte(int fd, int64_t offset) { return set_byte_lock(fd, offset, F_UNLCK); }

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC | O_NONBLOCK); }

int clinux_spawn(pid_t *child, char *const argv[], char *const environment[], int in, int out, int err) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int problem = posix_spawnattr_init(&attributes);
    if (problem != 0) return problem;
    problem = posix_spawn_file_actions_init(&files);
    if (problem != 0) {
        posix_spawnattr_destroy(&attributes);
        return problem;
    }
    if ((problem = posix_spawnattr_setflags(
             &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) == 0
        && (problem = posix_spawnattr_setsigmask(&attributes, &none)) == 0
        && (problem = posix_spawnattr_setsigdefault(&attributes, &all)) == 0
        && (problem = posix_spawn_file_actions_adddup2(&files, in, 0)) == 0
        && (problem = posix_spawn_file_actions_adddup2(&files, out, 1)) == 0
        && (problem = posix_spawn_file_actions_adddup2(&files, err, 2)) == 0
        && (problem = posix_spawn_file_actions_addclosefrom_np(&files, 3)) == 0)
        problem = posix_spawn(child, argv[0], &files, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return problem;
}

int clinux_pidfd(pid_t child) { return (int)syscall(SYS_pidfd_open, child, 0); }

int clinux_start_thread(void *(*work)(void *), void *context) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t mask;
    int problem = pthread_attr_init(&attributes);
    if (problem != 0) return problem;
    sigfillset(&mask);
    for (int i = 0; i < trap_count; i++) sigdelset(&mask, traps[i]);
    if ((problem = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED)) == 0
        && (problem = pthread_attr_setsigmask_np(&attributes, &mask)) == 0)
        problem = pthread_create(&thread, &attributes, work, context);
    pthread_attr_destroy(&attributes);
    return problem;
}

void clinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

void clinux_share_one_heap(void) { mallopt(M_ARENA_MAX, 1); }

extern char __executable_start, etext;

void clinux_give_back_text(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)&__executable_start & ~(page - 1);
    madvise((void *)start, (uintptr_t)&etext - start, MADV_DONTNEED);
    malloc_trim(0);
}

// MARK: - inotify

int clinux_inotify(void) { return inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }

int clinux_watch_folder(int fd, const char *path) {
    return inotify_add_watch(fd, path,
        IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
}

int clinux_read_watch(int fd, void (*each)(void *context, const char *name, int is_over, int is_lost), void *context) {
    char buffer[8 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
        __attribute__((aligned(__alignof__(struct inotify_event))));
    int count = 0;
    for (;;) {
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return count;
        for (char *at = buffer; at < buffer + got;) {
            const struct inotify_event *event = (const struct inotify_event *)at;
            each(context, event->len ? event->name : "", (event->mask & (IN_IGNORED | IN_MOVE_SELF)) != 0,
                (event->mask & IN_Q_OVERFLOW) != 0);
            at += sizeof *event + event->len;
            count++;
        }
    }
}

// MARK: - The clock

static int arm_clock_watch(int fd) {
    // The timer itself never fires: only its cancellation matters.
    struct itimerspec never = {.it_value.tv_sec = 9000000000};
    int problem;
    // ECANCELED means that the timer is set, but the clock jumped since the last call.
    do {
        problem = timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
    } while (problem != 0 && (errno == ECANCELED || errno == EINTR));
    return problem;
}

int clinux_clock_watch(void) {
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd >= 0 && arm_clock_watch(fd) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

int clinux_read_clock_watch(int fd) {
    uint64_t count;
    ssize_t got;
    while ((got = read(fd, &count, sizeof count)) < 0 && errno == EINTR) {}
    if (got < 0 && errno == EAGAIN) return 0;
    arm_clock_watch(fd);
    return 1;
}

// MARK: - The kernel's keyrings

int32_t clinux_add_key(const char *description, const void *payload, size_t count, int32_t keyring) {
    return (int32_t)syscall(SYS_add_key, "user", description, payload, count, (long)keyring);
}

int32_t clinux_find_key(int32_t keyring, const char *description) {
    return (int32_t)syscall(SYS_keyctl, KEYCTL_SEARCH, (long)keyring, "user", description, 0L);
}

long clinux_read_key(int32_t key, void *buffer, size_t size) {
    return syscall(SYS_keyctl, KEYCTL_READ, (long)key, buffer, size);
}

long clinux_describe_key(int32_t key, void *buffer, size_t size) {
    return syscall(SYS_keyctl, KEYCTL_DESCRIBE, (long)key, buffer, size);
}

long clinux_keyctl(int operation, int32_t key, uint32_t argument) {
    return syscall(SYS_keyctl, (long)operation, (long)key, (unsigned long)argument, 0L, 0L);
}
