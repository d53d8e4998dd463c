// SQLite, opened on the first use instead of linked: binding its 1,600 symbols takes a twelfth of the time to the first
// frame, which comes before the vault is opened.
//
// Each function here is its namesake of SQLite (https://sqlite.org/c3ref/funclist.html). All but csqlite_load need that to
// have returned NULL once.
#pragma once
#include <sqlite3.h>

// Opens libsqlite3.so.0 and sets it up; safe from any thread, done once.
// Returns NULL if SQLite is ready, else the reason: static text, never freed.
const char *csqlite_load(void);

int csqlite_open_v2(const char *name, sqlite3 **connection, int flags, const char *file_system);
int csqlite_close_v2(sqlite3 *connection);
int csqlite_limit(sqlite3 *connection, int limit, int value);
int csqlite_busy_timeout(sqlite3 *connection, int milliseconds);
int csqlite_exec(
    sqlite3 *connection, const char *sql, int (*row)(void *, int, char **, char **), void *context, char **message);
int csqlite_get_autocommit(sqlite3 *connection);
int csqlite_total_changes(sqlite3 *connection);
int csqlite_file_control(sqlite3 *connection, const char *database, int operation, void *argument);
int csqlite_wal_checkpoint_v2(sqlite3 *connection, const char *database, int mode, int *in_log, int *moved);
int csqlite_extended_errcode(sqlite3 *connection);
int csqlite_system_errno(sqlite3 *connection);

int csqlite_prepare_v3(
    sqlite3 *connection, const char *sql, int length, unsigned int flags, sqlite3_stmt **statement, const char **rest);
int csqlite_step(sqlite3_stmt *statement);
int csqlite_reset(sqlite3_stmt *statement);
int csqlite_clear_bindings(sqlite3_stmt *statement);
int csqlite_finalize(sqlite3_stmt *statement);
int csqlite_bind_int64(sqlite3_stmt *statement, int index, sqlite3_int64 value);
int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *value, int length, sqlite3_destructor_type end);
int csqlite_bind_blob64(
    sqlite3_stmt *statement, int index, const void *value, sqlite3_uint64 length, sqlite3_destructor_type end);
int csqlite_bind_zeroblob(sqlite3_stmt *statement, int index, int length);
sqlite3_int64 csqlite_column_int64(sqlite3_stmt *statement, int column);
const unsigned char *csqlite_column_text(sqlite3_stmt *statement, int column);
const void *csqlite_column_blob(sqlite3_stmt *statement, int column);
int csqlite_column_bytes(sqlite3_stmt *statement, int column);

sqlite3_backup *csqlite_backup_init(
    sqlite3 *target, const char *target_database, sqlite3 *source, const char *source_database);
int csqlite_backup_step(sqlite3_backup *backup, int pages);
int csqlite_backup_finish(sqlite3_backup *backup);

// On closing, the last connection moves the log into the file; 1 forbids it (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE).
void csqlite_leave_log_on_close(sqlite3 *connection, int leaves);

// Reads the whole file through SQLite's own descriptor, because closing another one would drop this process's locks
// (fcntl(2)). SQLITE_OK, or the result code of the failed read.
int csqlite_read_through(sqlite3 *connection);

// The error number of a failed read(2) on the file or its log; 0 if there was none. SQLite reports such a failure as
// SQLITE_CORRUPT (SQLITE_IOERR_CORRUPTFS).
int csqlite_read_error(sqlite3 *connection);

// 1 if the connection's last failure was a failed fsync(2), otherwise 0.
int csqlite_could_not_synchronize(sqlite3 *connection);
