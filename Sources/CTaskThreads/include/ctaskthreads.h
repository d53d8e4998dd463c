// Threads for Swift's tasks that sleep until there is work.
#pragma once

// From here on Swift's tasks run on threads of our own, not on libdispatch's, and the main actor's on the main thread. To
// be called first in main, before the first task is started. The threads share the main thread's heap.
//
// libdispatch, once it has had a piece of work, looks after its workers every second for as long as the process lives
// (event/workqueue.c, its monitor's timer): 60 wake-ups a minute of a program that waits for a key. If the system has no
// thread to give, libdispatch tries again each second, for ever (queue.c, _dispatch_root_queue_poke_slow). The hooks are
// the concurrency runtime's own (Concurrency.h), there for programs that bring an executor. Timers are not covered:
// Task.sleep still wakes libdispatch, so nothing here sleeps by it.
void ctaskthreads_install(void);

// Starts the first thread, which stays. To be called before the first task is started: a task without any thread would
// wait for ever. 0, or an error number.
int ctaskthreads_start(void);
