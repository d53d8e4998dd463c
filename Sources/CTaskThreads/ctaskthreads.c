#include "ctaskthreads.h"

#include <clinux.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define SWIFT_CALL __attribute__((swiftcall))

// A generic executor is two null words (SerialExecutorRef, ABI/Executor.h).
typedef struct {
    void *identity;
    uintptr_t implementation;
} executor_reference;

typedef SWIFT_CALL void (*enqueue_original)(void *job);

extern SWIFT_CALL void swift_job_run(void *job, executor_reference executor);
extern SWIFT_CALL void (*swift_task_enqueueGlobal_hook)(void *job, enqueue_original original);

struct waiting {
    struct waiting *next;
    void *job;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_work = PTHREAD_COND_INITIALIZER;
static struct waiting *first, *last;
static int threads, idle, limit;

static void *run_jobs(void *unused) {
    for (;;) {
        pthread_mutex_lock(&lock);
        idle++;
        while (first == NULL) pthread_cond_wait(&has_work, &lock);
        idle--;
        struct waiting *taken = first;
        first = taken->next;
        pthread_mutex_unlock(&lock);
        void *job = taken->job;
        free(taken);
        swift_job_run(job, (executor_reference){NULL, 0});
    }
    return unused;
}

static SWIFT_CALL void enqueue(void *job, enqueue_original original) {
    struct waiting *new = malloc(sizeof *new);
    if (new == NULL) return original(job);
    new->next = NULL;
    new->job = job;
    pthread_mutex_lock(&lock);
    // Counted at its start: until then it is no idle one, and a second job may start a second thread.
    if (idle == 0 && threads < limit && clinux_start_thread(run_jobs, NULL) == 0) threads++;
    if (threads == 0) {
        pthread_mutex_unlock(&lock);
        free(new);
        return original(job);
    }
    if (first == NULL) {
        first = new;
    } else {
        last->next = new;
    }
    last = new;
    pthread_cond_signal(&has_work);
    pthread_mutex_unlock(&lock);
}

void ctaskthreads_install(void) {
    clinux_share_one_heap();
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    limit = processors < 2 ? 2 : processors > 4 ? 4 : (int)processors;
    swift_task_enqueueGlobal_hook = enqueue;
}
