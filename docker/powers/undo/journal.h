/*
 * The log as a whole, and which of its records are still owed: the one place that knows what a sync makes durable.
 * Allocates by mmap only, since the library reads it from inside of programs whose malloc may be busy.
 */
#ifndef AMNESIA_JOURNAL_H
#define AMNESIA_JOURNAL_H

#include <stddef.h>

#include "record.h"

/* When names (creations, renames, removals) are durable. */
enum names_mode {
  /* With the next sync of anything, as with the ordered journal of ext4. */
  names_ordered,
  /* Only with a sync of their folder: all that POSIX promises. */
  names_strict,
};

struct journal {
  /* The bytes of the log. */
  const char *bytes;
  size_t length;
  const struct record **records;
  size_t count;
  size_t room;
  struct durable_table *durable;
};

/* 0 where it cannot be read; `errno` says why. A last record that is not whole is left out. */
int journal_read(struct journal *journal, int fd, enum names_mode names);

void journal_free(struct journal *journal);

/* Would power loss undo this one? Never true of syncs and warnings. */
int journal_owes(const struct journal *journal, const struct record *record);

static inline const char *record_payload(const struct record *record) {
  return (const char *)(record + 1);
}

/* The string after the first one of a payload; empty where there is none. */
const char *record_second_path(const struct record *record);

#endif
