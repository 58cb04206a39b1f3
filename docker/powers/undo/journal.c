/* See journal.h. */
#define _GNU_SOURCE
#include "journal.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Up to which number the records of one thing (a file, or a folder by its path) are durable. */
struct durable {
  uint64_t device;
  /* Of a file: its inode; of a folder: a hash of its path. */
  uint64_t key;
  uint64_t through;
  int in_use;
};

struct durable_table {
  enum names_mode names;
  /* Of names in ordered mode, and of everything after a sync of everything. */
  uint64_t names_through;
  uint64_t all_through;
  size_t bytes;
  size_t slots;
  struct durable slot[];
};

static const uint64_t folder_device = ~0ULL;

/* Raw calls: the library's own wrappers of mmap must not see these. */
static void *take(size_t bytes) {
  long at = syscall(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at == -1 ? 0 : (void *)at;
}

static void give_back(const void *at, size_t bytes) {
  if (at) syscall(SYS_munmap, at, bytes);
}

static uint64_t hash_path(const char *path, size_t length) {
  uint64_t hash = 1469598103934665603ULL;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)path[i]) * 1099511628211ULL;
  return hash;
}

/* The slot of a thing, or the free one where it belongs. The table is never full: it has twice as many as records. */
static struct durable *slot_of(struct durable_table *table, uint64_t device, uint64_t key) {
  size_t at = (key * 0x9e3779b97f4a7c15ULL ^ device) % table->slots;
  while (table->slot[at].in_use && (table->slot[at].device != device || table->slot[at].key != key)) {
    at = (at + 1) % table->slots;
  }
  return &table->slot[at];
}

static void make_durable(struct durable_table *table, uint64_t device, uint64_t key,
                         uint64_t through) {
  struct durable *slot = slot_of(table, device, key);
  if (slot->in_use && slot->through >= through) return;
  *slot = (struct durable){device, key, through, 1};
}

static uint64_t durable_through(struct durable_table *table, uint64_t device, uint64_t key) {
  const struct durable *slot = slot_of(table, device, key);
  return slot->in_use ? slot->through : 0;
}

static uint64_t folder_key(const char *path) {
  const char *slash = strrchr(path, '/');
  return hash_path(path, slash ? (size_t)(slash - path) : 0);
}

static int is_name_durable(struct durable_table *table, const struct record *record) {
  if (record->number <= table->all_through) return 1;
  if (table->names == names_ordered) return record->number <= table->names_through;
  uint64_t key = folder_key(record_payload(record));
  return record->number <= durable_through(table, folder_device, key);
}

static void note_sync(struct durable_table *table, const struct record *record) {
  if (record->kind == record_sync_all && record->through > table->all_through) {
    table->all_through = record->through;
  }
  if (record->kind == record_sync_file) {
    make_durable(table, record->device, record->inode, record->through);
  }
  if (record->kind == record_sync_folder) {
    const char *path = record_payload(record);
    make_durable(table, folder_device, hash_path(path, strlen(path)), record->through);
  }
  int is_sync = record->kind == record_sync_all || record->kind == record_sync_file ||
                record->kind == record_sync_folder;
  if (is_sync && record->through > table->names_through) table->names_through = record->through;
}

static int index_records(struct journal *journal) {
  journal->room = journal->length / sizeof(struct record) * sizeof *journal->records + 1;
  journal->records = take(journal->room);
  if (!journal->records) return 0;
  for (size_t at = 0; at + sizeof(struct record) <= journal->length;) {
    const struct record *record = (const struct record *)(journal->bytes + at);
    at += sizeof *record + record->payload;
    if (at > journal->length) break;
    journal->records[journal->count++] = record;
    /* Records stay aligned, whatever their payloads are. */
    at = (at + 7) & ~(size_t)7;
  }
  return 1;
}

/*
 * A file whose last name is durably gone is gone with all of its records: its inode may belong to another file by
 * now. Only after the syncs are known.
 */
static void forget_removed(struct journal *journal) {
  for (size_t i = 0; i < journal->count; i++) {
    const struct record *record = journal->records[i];
    if (record->kind == record_unlink && is_name_durable(journal->durable, record)) {
      make_durable(journal->durable, record->device, record->inode, record->number);
    }
  }
}

int journal_read(struct journal *journal, int fd, enum names_mode names) {
  memset(journal, 0, sizeof *journal);
  struct stat status;
  if (fstat(fd, &status) != 0) return 0;
  journal->length = (size_t)status.st_size;
  if (journal->length > 0) {
    long at = syscall(SYS_mmap, 0, journal->length, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == -1) return 0;
    journal->bytes = (const char *)at;
  }
  if (!index_records(journal)) return 0;
  size_t slots = 2 * journal->count + 1;
  size_t bytes = sizeof *journal->durable + slots * sizeof(struct durable);
  journal->durable = take(bytes);
  if (!journal->durable) return 0;
  journal->durable->names = names;
  journal->durable->bytes = bytes;
  journal->durable->slots = slots;
  for (size_t i = 0; i < journal->count; i++) note_sync(journal->durable, journal->records[i]);
  forget_removed(journal);
  return 1;
}

void journal_free(struct journal *journal) {
  if (journal->durable) give_back(journal->durable, journal->durable->bytes);
  give_back(journal->records, journal->room);
  give_back(journal->bytes, journal->length);
  memset(journal, 0, sizeof *journal);
}

int journal_owes(const struct journal *journal, const struct record *record) {
  struct durable_table *table = journal->durable;
  switch (record->kind) {
    case record_write:
      if (record->number <= table->all_through) return 0;
      return record->number > durable_through(table, record->device, record->inode);
    case record_create:
    case record_rename:
    case record_unlink:
    case record_unlink_symlink:
    case record_remove_folder:
      return !is_name_durable(table, record);
    default:
      return 0;
  }
}

const char *record_second_path(const struct record *record) {
  const char *first = record_payload(record);
  size_t at = strlen(first) + 1;
  return at < record->payload ? first + at : "";
}
