// Becoming another program with the state that this process was started with.
#define _GNU_SOURCE
#include "clinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char **kept_environment;
static sigset_t kept_mask, kept_ignored;
static int internal_is_ignored[2];
// The open descriptors from 3 on, in ascending order.
static int *kept_descriptors;
static size_t kept_descriptor_count;
static struct rlimit kept_core = {RLIM_INFINITY, RLIM_INFINITY};

// glibc's own signals, which its sigaction(3) refuses. A child of posix_spawn(3) ignores them; the first thread of keyfob
// changes that.
enum { first_internal = 32, last_internal = 33 };

// The kernel's structure on x86 and Arm: the handler is first, and zeros are the default for the rest.
struct internal_action {
    uintptr_t handler;
    uint64_t rest[8];
};

static long change_internal(int number, const struct internal_action *new, struct internal_action *old) {
    return syscall(SYS_rt_sigaction, number, new, old, 8L);
}

static void keep_descriptor(int fd) {
    if (fd < 3 || fcntl(fd, F_GETFD) != 0) return;
    int *more = realloc(kept_descriptors, (kept_descriptor_count + 1) * sizeof *more);
    if (more == NULL) return;
    kept_descriptors = more;
    kept_descriptors[kept_descriptor_count++] = fd;
}

// Without opendir(3), whose buffer of 32 KiB would cost more than all else here.
static void keep_descriptors(void) {
    int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        for (int fd = 3; fd < 256; fd++) keep_descriptor(fd);
        return;
    }
    char buffer[2048] __attribute__((aligned(8)));
    ssize_t got;
    while ((got = getdents64(folder, buffer, sizeof buffer)) > 0) {
        for (ssize_t at = 0; at < got;) {
            struct dirent64 *entry = (struct dirent64 *)(buffer + at);
            // The folder itself is close-on-exec; "." and ".." give 0.
            keep_descriptor(atoi(entry->d_name));
            at += entry->d_reclen;
        }
    }
    close(folder);
}

// Libraries open descriptors too, and not all of them close-on-exec: libcurl's sockets.
static void close_own_descriptors_on_exec(void) {
    unsigned next = 3;
    for (size_t i = 0; i <= kept_descriptor_count; i++) {
        int is_last = i == kept_descriptor_count;
        unsigned end = is_last ? ~0U : (unsigned)kept_descriptors[i] - 1;
        if (end >= next && close_range(next, end, CLOSE_RANGE_CLOEXEC) != 0) {
            // Before Linux 5.11.
            for (unsigned fd = next; fd <= end && fd < 1024; fd++) fcntl((int)fd, F_SETFD, FD_CLOEXEC);
        }
        if (!is_last) next = (unsigned)kept_descriptors[i] + 1;
    }
}

void clinux_keep_start(void) {
    keep_descriptors();
    pthread_sigmask(SIG_SETMASK, NULL, &kept_mask);
    sigemptyset(&kept_ignored);
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN) sigaddset(&kept_ignored, number);
    }
    for (int number = first_internal; number <= last_internal; number++) {
        struct internal_action action;
        internal_is_ignored[number - first_internal] =
            change_internal(number, NULL, &action) == 0 && action.handler == (uintptr_t)SIG_IGN;
    }
    getrlimit(RLIMIT_CORE, &kept_core);
    size_t count = 0;
    while (environ != NULL && environ[count] != NULL) count++;
    // Only the array: unsetenv(3) removes an entry from the array, and never changes or frees the entry's text.
    kept_environment = calloc(count + 1, sizeof *kept_environment);
    if (kept_environment == NULL) return;
    for (size_t i = 0; i < count; i++) kept_environment[i] = environ[i];
}

const char *clinux_kept_environment_entry(int index) {
    // Without memory for the copy, the present environment must do.
    char **entries = kept_environment == NULL ? environ : kept_environment;
    return entries == NULL ? NULL : entries[index];
}

int clinux_kept_ignored(int signal) { return sigismember(&kept_ignored, signal) == 1; }

int clinux_become(char *const argv[], char **environment) {
    struct sigaction own[NSIG];
    struct rlimit own_core;
    sigset_t own_mask;
    char **own_environment = environ;
    close_own_descriptors_on_exec();
    getrlimit(RLIMIT_CORE, &own_core);
    setrlimit(RLIMIT_CORE, &kept_core);
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action = {.sa_handler = clinux_kept_ignored(number) ? SIG_IGN : SIG_DFL};
        sigaction(number, &action, &own[number]);
    }
    struct internal_action own_internal[2];
    for (int number = first_internal; number <= last_internal; number++) {
        const struct internal_action ignored = {.handler = (uintptr_t)SIG_IGN};
        int index = number - first_internal;
        if (internal_is_ignored[index]) change_internal(number, &ignored, &own_internal[index]);
    }
    // Last: a signal that has waited until now has its usual effect.
    pthread_sigmask(SIG_SETMASK, &kept_mask, &own_mask);
    // execvp(3) searches the PATH of `environ`.
    environ = environment;
    execvp(argv[0], argv);
    int problem = errno;
    environ = own_environment;
    pthread_sigmask(SIG_SETMASK, &own_mask, NULL);
    for (int number = 1; number < NSIG; number++) {
        if (number != SIGKILL && number != SIGSTOP) sigaction(number, &own[number], NULL);
    }
    for (int number = first_internal; number <= last_internal; number++) {
        int index = number - first_internal;
        if (internal_is_ignored[index]) change_internal(number, &own_internal[index], NULL);
    }
    setrlimit(RLIMIT_CORE, &own_core);
    return problem;
}

int clinux_start_command(pid_t *child, char *const argv[], char **environment) {
    // The program's start closes the pipe; a failure is written to it.
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    pid_t process = fork();
    if (process == 0) {
        // Only async-signal-safe functions: this process has other threads (fork(2)).
        int problem = clinux_become(argv, environment);
        while (write(ends[1], &problem, sizeof problem) < 0 && errno == EINTR) {}
        _exit(127);
    }
    int problem = process < 0 ? errno : 0;
    close(ends[1]);
    if (process > 0) {
        int reported;
        ssize_t got;
        while ((got = read(ends[0], &reported, sizeof reported)) < 0 && errno == EINTR) {}
        if (got == sizeof reported) {
            problem = reported;
            while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {}
        }
        *child = process;
    }
    close(ends[0]);
    return problem;
}

// The error number with which execve(2) refuses the file; 0 if the file may be a program.
static int refusal(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) return errno;
    if (!S_ISREG(status.st_mode)) return EACCES;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

int clinux_find_program(const char *name, const char *path) {
    if (*name == '\0') return ENOENT;
    if (strchr(name, '/') != NULL) return refusal(name);
    for (int index = 0; path == NULL; index++) {
        const char *entry = clinux_kept_environment_entry(index);
        if (entry == NULL) path = "/bin:/usr/bin";
        else if (strncmp(entry, "PATH=", 5) == 0) path = entry + 5;
    }
    size_t length = strlen(name);
    if (length > NAME_MAX) return ENAMETOOLONG;
    int problem = ENOENT;
    while (1) {
        size_t count = strcspn(path, ":");
        if (count < PATH_MAX) {
            // An empty part means the working folder.
            char file[PATH_MAX + NAME_MAX + 2];
            memcpy(file, path, count);
            if (count > 0) file[count++] = '/';
            memcpy(file + count, name, length + 1);
            int code = refusal(file);
            if (code == EACCES) problem = EACCES;
            else if (code != ENOENT && code != ESTALE && code != ENOTDIR && code != ENODEV && code != ETIMEDOUT) return code;
        }
        path += strcspn(path, ":");
        if (*path++ == '\0') return problem;
    }
}

int clinux_is_in_memory(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 && (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC);
}
