// Threads for Swift's tasks that sleep until there is work.
#pragma once

// From here on Swift's tasks run on threads of our own, not on libdispatch's. To be called first in main, before the
// first task is started. The threads share the main thread's heap.
//
// libdispatch, once it has had a piece of work, looks after its workers every second for as long as the process lives
// (event/workqueue.c, its monitor's timer): 60 wake-ups a minute of a program that waits for a key. The hook is the
// concurrency runtime's own (swift_task_enqueueGlobal_hook, Concurrency.h), there for programs that bring an executor.
// Timers are not covered: Task.sleep still wakes libdispatch, so nothing here sleeps by it.
void ctaskthreads_install(void);
