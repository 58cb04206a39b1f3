/*
 * The file "state" in the log's folder, mapped by every program that is watched, and by the tool. What is in it is for
 * programs of one build: the library and the tool come from one image.
 */
#ifndef AMNESIA_STATE_H
#define AMNESIA_STATE_H

#include <pthread.h>
#include <stdint.h>

#include "disk.h"

struct state {
  pthread_mutex_t lock;
  /* The number of the newest record. */
  uint64_t newest;
  uint64_t log_bytes;
  /* The log is cut when it is larger. */
  uint64_t cut_at_bytes;
  uint64_t kept_bytes;
  uint64_t kept_files;
  /* Counts up when another file takes the place of the log. */
  uint64_t generation;
  struct disk_settings disk;
};

#endif
