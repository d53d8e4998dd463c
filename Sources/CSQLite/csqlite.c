#include "csqlite.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FUNCTIONS(X)                                                                                                   \
    X(libversion_number) X(config) X(initialize) X(errstr)                                                             \
    X(open_v2) X(close_v2) X(limit) X(busy_timeout) X(exec) X(get_autocommit) X(total_changes) X(file_control)         \
    X(wal_checkpoint_v2) X(extended_errcode) X(system_errno) X(db_config)                                              \
    X(prepare_v3) X(step) X(reset) X(clear_bindings) X(finalize)                                                       \
    X(bind_int64) X(bind_text) X(bind_blob64) X(bind_zeroblob)                                                         \
    X(column_int64) X(column_text) X(column_blob) X(column_bytes)                                                      \
    X(backup_init) X(backup_step) X(backup_finish)

static struct {
#define X(name) __typeof__(&sqlite3_##name) name;
    FUNCTIONS(X)
#undef X
} library;

static char problem[256];
static int ready = 0;

static void load(void) {
    // Found as libcurl is (CCurl).
    void *handle = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        const char *reason = dlerror();
        snprintf(problem, sizeof problem, "%s", reason == NULL ? "libsqlite3.so.0 cannot be opened" : reason);
        return;
    }
#define X(name)                                                                                                        \
    library.name = (__typeof__(library.name))(uintptr_t)dlsym(handle, "sqlite3_" #name);                               \
    if (library.name == NULL) {                                                                                        \
        snprintf(problem, sizeof problem, "libsqlite3.so.0 is too old: it has no sqlite3_" #name);                     \
        return;                                                                                                        \
    }
    FUNCTIONS(X)
#undef X
    // STRICT tables are the youngest feature used.
    int version = library.libversion_number();
    if (version < 3037000) {
        snprintf(
            problem, sizeof problem, "libsqlite3.so.0 is too old: it is %d.%d, and 3.37 is needed", version / 1000000,
            version / 1000 % 1000);
        return;
    }
    // No page cache in one block for each connection: a look at a file's header would allocate and wipe 170 KB.
    library.config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    int code = library.initialize();
    if (code != SQLITE_OK) {
        snprintf(problem, sizeof problem, "SQLite could not be set up: %s", library.errstr(code));
        return;
    }
    ready = 1;
}

const char *csqlite_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return ready ? NULL : problem;
}

int csqlite_open_v2(const char *name, sqlite3 **connection, int flags, const char *file_system) {
    return library.open_v2(name, connection, flags, file_system);
}
int csqlite_close_v2(sqlite3 *connection) { return library.close_v2(connection); }
int csqlite_limit(sqlite3 *connection, int limit, int value) { return library.limit(connection, limit, value); }
int csqlite_busy_timeout(sqlite3 *connection, int milliseconds) {
    return library.busy_timeout(connection, milliseconds);
}
int csqlite_exec(
    sqlite3 *connection, const char *sql, int (*row)(void *, int, char **, char **), void *context, char **message) {
    return library.exec(connection, sql, row, context, message);
}
int csqlite_get_autocommit(sqlite3 *connection) { return library.get_autocommit(connection); }
int csqlite_total_changes(sqlite3 *connection) { return library.total_changes(connection); }
int csqlite_file_control(sqlite3 *connection, const char *database, int operation, void *argument) {
    return library.file_control(connection, database, operation, argument);
}
int csqlite_wal_checkpoint_v2(sqlite3 *connection, const char *database, int mode, int *in_log, int *moved) {
    return library.wal_checkpoint_v2(connection, database, mode, in_log, moved);
}
int csqlite_extended_errcode(sqlite3 *connection) { return library.extended_errcode(connection); }
int csqlite_system_errno(sqlite3 *connection) { return library.system_errno(connection); }

int csqlite_prepare_v3(
    sqlite3 *connection, const char *sql, int length, unsigned int flags, sqlite3_stmt **statement, const char **rest) {
    return library.prepare_v3(connection, sql, length, flags, statement, rest);
}
int csqlite_step(sqlite3_stmt *statement) { return library.step(statement); }
int csqlite_reset(sqlite3_stmt *statement) { return library.reset(statement); }
int csqlite_clear_bindings(sqlite3_stmt *statement) { return library.clear_bindings(statement); }
int csqlite_finalize(sqlite3_stmt *statement) { return library.finalize(statement); }
int csqlite_bind_int64(sqlite3_stmt *statement, int index, sqlite3_int64 value) {
    return library.bind_int64(statement, index, value);
}
int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *value, int length, sqlite3_destructor_type end) {
    return library.bind_text(statement, index, value, length, end);
}
int csqlite_bind_blob64(
    sqlite3_stmt *statement, int index, const void *value, sqlite3_uint64 length, sqlite3_destructor_type end) {
    return library.bind_blob64(statement, index, value, length, end);
}
int csqlite_bind_zeroblob(sqlite3_stmt *statement, int index, int length) {
    return library.bind_zeroblob(statement, index, length);
}
sqlite3_int64 csqlite_column_int64(sqlite3_stmt *statement, int column) {
    return library.column_int64(statement, column);
}
const unsigned char *csqlite_column_text(sqlite3_stmt *statement, int column) {
    return library.column_text(statement, column);
}
const void *csqlite_column_blob(sqlite3_stmt *statement, int column) { return library.column_blob(statement, column); }
int csqlite_column_bytes(sqlite3_stmt *statement, int column) { return library.column_bytes(statement, column); }

sqlite3_backup *csqlite_backup_init(
    sqlite3 *target, const char *target_database, sqlite3 *source, const char *source_database) {
    return library.backup_init(target, target_database, source, source_database);
}
int csqlite_backup_step(sqlite3_backup *backup, int pages) { return library.backup_step(backup, pages); }
int csqlite_backup_finish(sqlite3_backup *backup) { return library.backup_finish(backup); }

void csqlite_leave_log_on_close(sqlite3 *connection, int leaves) {
    library.db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leaves, NULL);
}

int csqlite_read_through(sqlite3 *connection) {
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    char chunk[16384];
    int code = library.file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code != SQLITE_OK || file == NULL || file->pMethods == NULL) return SQLITE_OK;
    if ((code = file->pMethods->xFileSize(file, &size)) != SQLITE_OK) return code;
    for (sqlite3_int64 at = 0; at < size; at += sizeof chunk) {
        code = file->pMethods->xRead(file, chunk, sizeof chunk, at);
        if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
    }
    return SQLITE_OK;
}

int csqlite_read_error(sqlite3 *connection) {
    static const int files[] = {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER};
    for (int i = 0; i < 2; i++) {
        sqlite3_file *file = NULL;
        int number = 0;
        if (library.file_control(connection, "main", files[i], &file) == SQLITE_OK && file != NULL
            && file->pMethods != NULL
            && file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number) == SQLITE_OK
            && (number == EIO || number == ENXIO || number == ERANGE))
            return number;
    }
    return 0;
}

int csqlite_could_not_synchronize(sqlite3 *connection) {
    int code = library.extended_errcode(connection);
    return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}
