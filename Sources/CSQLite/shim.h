#pragma once
#include <sqlite3.h>

// sqlite3_db_config is variadic, which Swift does not import.
static inline void ckeyfob_leave_log_on_close(sqlite3 *connection, int leaves) {
    sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leaves, (int *)0);
}
