/*
 * Power loss itself: plays the records that are owed back, newest first, and empties the log. The programs that wrote
 * must be dead.
 */
#ifndef AMNESIA_PLAYBACK_H
#define AMNESIA_PLAYBACK_H

#include "journal.h"

enum lose_mode {
  /* Nothing that was not synced had reached the disk. */
  lose_all,
  /* Of each file the disk had got a part, by chance: its oldest changes. */
  lose_random,
};

struct playback_options {
  enum lose_mode lose;
  enum names_mode names;
  /* Of the oldest write that is undone in each file a first part stays. */
  int torn;
  uint64_t seed;
};

/* Prints one line of JSON: what was undone. 0, or 1 with the reason on stderr. */
int playback(const char *data, const char *log_folder, const struct playback_options *options);

#endif
