/*
 * The log's other side, inside of the programs that are watched: appends records, under one lock for all processes
 * that share a log, so that a record and the change it precedes are one step. The lock lives in the file "state" and
 * is robust: a process that is killed while it holds it does not stop the others.
 *
 * The log is cut when it has grown: records that are not owed any more are dropped, and files kept only for them.
 */
#ifndef AMNESIA_LEDGER_H
#define AMNESIA_LEDGER_H

#include <limits.h>
#include <stddef.h>

#include "disk.h"
#include "record.h"

/* Set by AMNESIA_UNDO_DATA and AMNESIA_UNDO_LOG; empty, and everything else unused, where those are missing. */
extern char ledger_data[PATH_MAX];
extern char ledger_folder[PATH_MAX];

/* Reads the settings. 0: nothing is tracked in this process. */
int ledger_begin(void);

void ledger_lock(void);
void ledger_unlock(void);

/* Under the lock. Number and payload length are filled in. Ends the process where the log cannot be written. */
void ledger_put(struct record record, const void *payload);

/* Under the lock: the number of the newest record. */
uint64_t ledger_newest(void);

/* Under the lock: a new name for a file to be kept, in the log's folder. */
void ledger_keep_name(char *into, size_t room, uint64_t bytes);

/* How the disk fails at present. */
const struct disk_settings *ledger_disk(void);

/* The descriptor of the log, which the program must neither close nor replace; -1 where there is none. */
int ledger_descriptor(void);

/* The program wants this number for itself. */
void ledger_move_descriptor(void);

#endif
