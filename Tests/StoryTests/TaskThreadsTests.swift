import Foundation
import Testing

@Suite("The threads of tasks", .timeLimit(.minutes(5)))
struct TaskThreadsTests {
    /// The source of the threads, with jobs in C instead of Swift jobs.
    private static func program() throws -> String {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources")
        let files = ["CTaskThreads/ctaskthreads.c", "CLinux/clinux.c"].map { sources.appendingPathComponent($0).path }
        let folders = ["CTaskThreads/include", "CLinux/include"].map { "-I" + sources.appendingPathComponent($0).path }
        return try FaultInjection.compiled(
            "task-threads-\(UUID().uuidString)",
            #"""
            #define _GNU_SOURCE
            #include <ctaskthreads.h>
            #include <pthread.h>
            #include <stdio.h>
            #include <stdint.h>
            #include <stdlib.h>
            #include <unistd.h>

            #define SWIFT_CALL __attribute__((swiftcall))
            typedef SWIFT_CALL void (*enqueue_original)(void *job);
            typedef struct { void *identity; uintptr_t implementation; } executor_reference;

            SWIFT_CALL void (*swift_task_enqueueGlobal_hook)(void *job, enqueue_original original);
            SWIFT_CALL void (*swift_task_asyncMainDrainQueue_hook)(void (*original)(void), void (*override)(void));
            int _dispatch_get_main_queue_handle_4CF(void) { return -1; }
            void _dispatch_main_queue_callback_4CF(void *unused) { (void)unused; }

            SWIFT_CALL void swift_job_run(void *job, executor_reference executor) {
                (void)executor;
                ((void (*)(void))job)();
            }

            static pthread_barrier_t both, done;
            static volatile pid_t first;

            static void tell_thread(void) { first = gettid(); }

            static void meet(void) {
                pthread_barrier_wait(&both);
                pthread_barrier_wait(&done);
            }

            static int sleeps(pid_t thread) {
                char path[64], state = 0;
                snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
                FILE *file = fopen(path, "r");
                if (!file) return 0;
                if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = 0;
                fclose(file);
                return state == 'S';
            }

            int main(void) {
                // If the two jobs did not meet, the program would wait for ever.
                alarm(120);
                pthread_barrier_init(&both, NULL, 2);
                pthread_barrier_init(&done, NULL, 3);
                ctaskthreads_install();
                if (ctaskthreads_start() != 0) return 2;
                swift_task_enqueueGlobal_hook((void *)tell_thread, NULL);
                while (first == 0 || !sleeps(first)) usleep(1000);
                swift_task_enqueueGlobal_hook((void *)meet, NULL);
                swift_task_enqueueGlobal_hook((void *)meet, NULL);
                pthread_barrier_wait(&done);
                return 0;
            }
            """#,
            // GCC does not know swiftcall; with two pointers its own call is the same.
            arguments: ["-pthread", "-Wl,-z,now", "-Wno-attributes"] + folders + files)
    }

    @Test("two jobs that are enqueued while one thread is idle run at the same time")
    func twoJobs() throws {
        let program = try Self.program()
        defer { unlink(program) }
        for _ in 0..<50 {
            let process = try Process.run(URL(fileURLWithPath: program), arguments: [])
            process.waitUntilExit()
            #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        }
    }
}
