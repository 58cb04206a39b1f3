/*
 * The undo log: how power loss is made without a machine that can be switched off.
 *
 * Before each change of a tracked file the library writes down what was there. A sync that succeeded makes the
 * records of that file void which were there when it began. After a SIGKILL the records that are still owed are
 * played back, newest first: what remains is what a disk may hold after its power failed.
 *
 * The log is one file, "log", of records with their payloads, in the order of their numbers. Beside it are "state"
 * (see ledger.h) and "keep.N": files that lost their last name, for as long as that may have to be undone.
 */
#ifndef AMNESIA_RECORD_H
#define AMNESIA_RECORD_H

#include <stdint.h>

enum record_kind {
  /* The bytes that were at [offset, offset + payload), of a write of `length` to a file of `old_size`. */
  record_write = 'W',
  /* A name came: of a file, a symbolic link, or a folder (`length` 1). Payload: path. */
  record_create = 'C',
  /* Payload: old path, new path. */
  record_rename = 'M',
  /* A file lost a name. Payload: path, and the file in the log's folder that keeps it. */
  record_unlink = 'U',
  /* A symbolic link went. Payload: path, target. */
  record_unlink_symlink = 'L',
  /* A folder went; `length` is its mode. Payload: path. */
  record_remove_folder = 'R',
  /* A file was synced: its records up to number `through` are void. */
  record_sync_file = 'S',
  /* A folder was synced. Payload: path. */
  record_sync_folder = 'D',
  /* Everything was synced. */
  record_sync_all = 'A',
  /* Something happened that this way cannot undo: `length` is one of `warning`. Payload: path, if known. */
  record_warning = '!',
};

enum warning {
  warning_shared_mapping = 1,
  warning_stdio = 2,
  warning_not_kept = 3,
  warning_exchange = 4,
};

struct record {
  uint8_t kind;
  uint8_t unused[3];
  /* Bytes that follow. Paths end in a zero. */
  uint32_t payload;
  uint64_t number;
  uint64_t device;
  uint64_t inode;
  uint64_t offset;
  uint64_t length;
  uint64_t old_size;
  uint64_t through;
};

#endif
