#include "ctaskthreads.h"

#include <clinux.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define SWIFT_CALL __attribute__((swiftcall))

// The reference to a generic executor is two null words (SerialExecutorRef, ABI/Executor.h).
typedef struct {
    void *identity;
    uintptr_t implementation;
} executor_reference;

typedef SWIFT_CALL void (*enqueue_original)(void *job);
typedef SWIFT_CALL void (*drain_original)(void);
typedef SWIFT_CALL void (*drain_override)(drain_original original);

extern SWIFT_CALL void swift_job_run(void *job, executor_reference executor);
extern SWIFT_CALL void (*swift_task_enqueueGlobal_hook)(void *job, enqueue_original original);
extern SWIFT_CALL void (*swift_task_asyncMainDrainQueue_hook)(drain_original original, drain_override override);

// libdispatch's main queue for CoreFoundation's run loop: an eventfd(2), and the function to call when it is readable.
extern int _dispatch_get_main_queue_handle_4CF(void);
extern void _dispatch_main_queue_callback_4CF(void *unused);

struct waiting {
    struct waiting *next;
    void *job;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_work = PTHREAD_COND_INITIALIZER;
static struct waiting *first, *last;
// A thread is free from its creation until it takes a job, and again after the job.
static int threads, free_threads, waiting_jobs, limit;

static void *run_jobs(void *unused) {
    pthread_mutex_lock(&lock);
    for (;;) {
        while (first == NULL) pthread_cond_wait(&has_work, &lock);
        struct waiting *taken = first;
        first = taken->next;
        waiting_jobs--;
        free_threads--;
        pthread_mutex_unlock(&lock);
        void *job = taken->job;
        free(taken);
        swift_job_run(job, (executor_reference){NULL, 0});
        pthread_mutex_lock(&lock);
        free_threads++;
    }
    return unused;
}

// Called with the lock held. 0, or an error number.
static int start_thread(void) {
    int problem = clinux_start_thread(run_jobs, NULL);
    if (problem != 0) return problem;
    threads++;
    free_threads++;
    return 0;
}

static SWIFT_CALL void enqueue(void *job, enqueue_original original) {
    (void)original;
    struct waiting *new = malloc(sizeof *new);
    // Swift's runtime also aborts without memory.
    if (new == NULL) abort();
    *new = (struct waiting){.job = job};
    pthread_mutex_lock(&lock);
    // Each waiting job will take one of the free threads. If no thread can be added, the job waits for a running one;
    // ctaskthreads_start guarantees the first.
    if (waiting_jobs >= free_threads && threads < limit) start_thread();
    if (first == NULL) {
        first = new;
    } else {
        last->next = new;
    }
    last = new;
    waiting_jobs++;
    pthread_cond_signal(&has_work);
    pthread_mutex_unlock(&lock);
}

// libdispatch would end the main thread here, and start another for the main queue.
static SWIFT_CALL void run_main_queue(drain_original original, drain_override override) {
    (void)original;
    (void)override;
    struct pollfd queue = {.fd = _dispatch_get_main_queue_handle_4CF(), .events = POLLIN};
    for (;;) {
        uint64_t count;
        if (poll(&queue, 1, -1) > 0 && read(queue.fd, &count, sizeof count) > 0) _dispatch_main_queue_callback_4CF(NULL);
    }
}

void ctaskthreads_install(void) {
    clinux_share_one_heap();
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    limit = processors < 2 ? 2 : processors > 4 ? 4 : (int)processors;
    swift_task_enqueueGlobal_hook = enqueue;
    swift_task_asyncMainDrainQueue_hook = run_main_queue;
}

int ctaskthreads_start(void) {
    pthread_mutex_lock(&lock);
    int problem = threads > 0 ? 0 : start_thread();
    pthread_mutex_unlock(&lock);
    return problem;
}
