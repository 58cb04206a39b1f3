/*
 * A disk that fails or is slow, without a device: the wrappers ask here before they do what they were asked for. The
 * settings lie in the file "state" beside the lock, where `undo-tool disk` writes them; they hold at once, for all
 * programs that share it.
 */
#ifndef AMNESIA_DISK_H
#define AMNESIA_DISK_H

#include <stdint.h>
#include <sys/types.h>

struct disk_settings {
  /* Error numbers; 0: none. */
  int32_t write_error;
  int32_t sync_error;
  /* Of every call that changes names or opens a file for writing. */
  int32_t name_error;
  uint32_t write_delay_us;
  uint32_t sync_delay_us;
  /* So many calls of 1,000 fail, those of `error` above. */
  uint32_t failing_permille;
};

/* Each waits as long as the disk is slow; 1: it fails, and errno says how. Not under the ledger's lock. */
int disk_fails_write(int fd, off_t offset, size_t length);
int disk_fails_sync(void);
int disk_fails_names(void);

#endif
