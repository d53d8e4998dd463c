#pragma once
#include <errno.h>
#include <sqlite3.h>

// sqlite3_db_config is variadic, which Swift does not import.
static inline void ckeyfob_leave_log_on_close(sqlite3 *connection, int leaves) {
    sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leaves, (int *)0);
}

// Sets up SQLite without a page cache in one block for each connection: a look at a file's header would allocate and
// wipe 170 KB. To be called before the first connection (sqlite3_config is variadic).
static inline int ckeyfob_initialize(void) {
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, (void *)0, 0, 0);
    return sqlite3_initialize();
}

// Reads the whole file through SQLite's own descriptor: closing another one would drop the locks of this process
// (fcntl(2)). SQLITE_OK, or the result code of what cannot be read.
static inline int ckeyfob_read_through(sqlite3 *connection) {
    sqlite3_file *file = 0;
    sqlite3_int64 size = 0;
    char chunk[16384];
    int code = sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code != SQLITE_OK || file == 0 || file->pMethods == 0) return SQLITE_OK;
    if ((code = file->pMethods->xFileSize(file, &size)) != SQLITE_OK) return code;
    for (sqlite3_int64 at = 0; at < size; at += sizeof chunk) {
        code = file->pMethods->xRead(file, chunk, sizeof chunk, at);
        if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
    }
    return SQLITE_OK;
}

// The error number of a read(2) that failed on the file or on its log; 0 where none did. SQLite answers SQLITE_CORRUPT
// for these, as if the content were wrong (SQLITE_IOERR_CORRUPTFS).
static inline int ckeyfob_read_error(sqlite3 *connection) {
    static const int files[] = {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER};
    for (int i = 0; i < 2; i++) {
        sqlite3_file *file = 0;
        int number = 0;
        if (sqlite3_file_control(connection, "main", files[i], &file) == SQLITE_OK && file != 0 && file->pMethods != 0
            && file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number) == SQLITE_OK
            && (number == EIO || number == ENXIO || number == ERANGE))
            return number;
    }
    return 0;
}

// 1 if the connection's last failure was that of an fsync(2), else 0.
static inline int ckeyfob_could_not_synchronize(sqlite3 *connection) {
    int code = sqlite3_extended_errcode(connection);
    return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}
