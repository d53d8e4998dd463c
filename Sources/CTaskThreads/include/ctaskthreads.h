// Threads for Swift's tasks that sleep until there is work.
#pragma once

// Makes Swift's tasks run on these threads instead of libdispatch's, and the main actor on the main thread. Call it
// first in main, before the first task. The threads share the main thread's heap.
//
// After its first work item libdispatch checks its workers every second for the life of the process (event/workqueue.c,
// the monitor's timer): 60 wake-ups a minute in a program that waits for a key. If the system cannot create a thread,
// libdispatch retries every second without end (queue.c, _dispatch_root_queue_poke_slow). The hooks belong to the
// concurrency runtime (Concurrency.h), for programs with their own executor. Timers are not covered: Task.sleep still
// wakes libdispatch, so keyfob does not use it.
// Task.sleep still wakes libdispatch, so nothing here sleeps by it.
void ctaskthreads_install(void);

// Starts the first thread, which never ends. Call it before the first task: without any thread a task would wait for
// ever. 0, or an error number.
int ctaskthreads_start(void);
