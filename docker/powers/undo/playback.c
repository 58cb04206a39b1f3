/*
 * See playback.h. Content first, then names: content belongs to inodes, which a walk over the data folder and the
 * files kept in the log's folder finds by their present names.
 */
#define _GNU_SOURCE
#include "playback.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../random.h"

/* A file with content to be undone. */
struct victim {
  uint64_t inode;
  char *path;
  /* Its owed writes. */
  size_t writes;
  /* How many of the oldest of them stay. */
  size_t kept;
  size_t seen;
  /* Which of them is torn; `writes` or more: none. */
  size_t torn_number;
};

static struct {
  uint64_t writes, bytes, torn, kept, without_file;
  uint64_t creations, renames, removals, failures;
  uint64_t warnings[warning_exchange + 1];
} done;

static struct victim *victims;
static size_t victim_count, victim_room;

/* A binary search would need order; a hash is not worth its lines for thousands of files. */
static struct victim **buckets;
enum { bucket_count = 65536 };

static struct victim *victim_of(uint64_t inode) {
  for (size_t at = inode % bucket_count, tried = 0; tried < bucket_count; tried++) {
    if (!buckets[at]) return 0;
    if (buckets[at]->inode == inode) return buckets[at];
    at = (at + 1) % bucket_count;
  }
  return 0;
}

/* The room is fixed before: buckets point into it. */
static struct victim *add_victim(uint64_t inode) {
  struct victim *found = victim_of(inode);
  if (found || victim_count == victim_room) return found;
  struct victim *victim = &victims[victim_count++];
  victim->inode = inode;
  size_t at = inode % bucket_count;
  while (buckets[at]) at = (at + 1) % bucket_count;
  buckets[at] = victim;
  return victim;
}

static int note_path(const char *path, const struct stat *status, int type, struct FTW *walk) {
  (void)walk;
  struct victim *victim = type == FTW_F ? victim_of(status->st_ino) : 0;
  if (victim && !victim->path) victim->path = strdup(path);
  return 0;
}

static int find_victims(const struct journal *journal, const char *data, const char *log_folder) {
  victim_room = bucket_count / 2;
  victims = calloc(victim_room, sizeof *victims);
  buckets = calloc(bucket_count, sizeof *buckets);
  if (!victims || !buckets) return 0;
  for (size_t i = 0; i < journal->count; i++) {
    const struct record *record = journal->records[i];
    if (record->kind != record_write || !journal_owes(journal, record)) continue;
    struct victim *victim = add_victim(record->inode);
    if (!victim) {
      fprintf(stderr, "undo: more than %zu files have unsynced changes\n", victim_room);
      return 0;
    }
    victim->writes++;
  }
  nftw(data, note_path, 64, FTW_PHYS);
  nftw(log_folder, note_path, 64, FTW_PHYS);
  /* A kept file that is a copy has an inode of its own. */
  for (size_t i = 0; i < journal->count; i++) {
    const struct record *record = journal->records[i];
    struct victim *victim = record->kind == record_unlink ? victim_of(record->inode) : 0;
    if (victim && !victim->path) victim->path = strdup(record_second_path(record));
  }
  return 1;
}

static int restore(const char *path, const struct record *record, uint64_t torn) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const char *bytes = record_payload(record);
  int good = 1;
  if (record->payload > torn) {
    size_t length = record->payload - torn;
    off_t at = (off_t)(record->offset + torn);
    good = pwrite(fd, bytes + torn, length, at) == (ssize_t)length;
  }
  uint64_t size = record->old_size;
  if (torn > 0 && record->offset + torn > size) size = record->offset + torn;
  struct stat status;
  if (fstat(fd, &status) == 0 && (uint64_t)status.st_size != size) {
    good = good && ftruncate(fd, (off_t)size) == 0;
  }
  close(fd);
  return good;
}

static void undo_write(const struct record *record, const struct playback_options *options,
                       struct random_source *random) {
  struct victim *victim = victim_of(record->inode);
  if (!victim || !victim->path) {
    done.without_file++;
    return;
  }
  /* Counted from the newest: `number` 0 is the oldest one. */
  size_t number = victim->writes - ++victim->seen;
  if (number < victim->kept) {
    done.kept++;
    return;
  }
  uint64_t torn = 0;
  if (options->torn && number == victim->torn_number) {
    torn = 1 + random_below(random, record->length - 1);
    done.torn++;
  }
  /* Older than the torn one are sizes only; to go back to those would cut it off again. */
  if (options->torn && number < victim->torn_number && victim->torn_number < victim->writes) {
    done.kept++;
    return;
  }
  if (!restore(victim->path, record, torn)) {
    fprintf(stderr, "undo: %s: %s\n", victim->path, strerror(errno));
    done.failures++;
  }
  done.writes++;
  done.bytes += record->length - torn;
}

static int exists(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0;
}

/* The kept file goes back to its place; a copy, or one that has other names, stays a link of the same file. */
static int bring_back(const char *path, const char *kept) {
  if (exists(path)) return 1;
  return rename(kept, path) == 0 || link(kept, path) == 0;
}

static void undo_name(const struct record *record) {
  const char *path = record_payload(record), *second = record_second_path(record);
  int good = 1;
  switch (record->kind) {
    case record_create:
      done.creations++;
      good = !exists(path) || (record->length == 1 ? rmdir(path) : unlink(path)) == 0;
      break;
    case record_rename:
      done.renames++;
      good = !exists(second) || rename(second, path) == 0;
      break;
    case record_unlink:
      done.removals++;
      good = bring_back(path, second);
      break;
    case record_unlink_symlink:
      done.removals++;
      good = exists(path) || symlink(second, path) == 0;
      break;
    case record_remove_folder:
      done.removals++;
      good = exists(path) || mkdir(path, (mode_t)record->length) == 0;
      break;
  }
  if (good) return;
  fprintf(stderr, "undo: %s: %s\n", path, strerror(errno));
  done.failures++;
}

static void print_done(const struct journal *journal) {
  printf("{\"records\":%zu,\"logBytes\":%zu,\"writes\":%" PRIu64 ",\"bytes\":%" PRIu64
         ",\"torn\":%" PRIu64 ",\"kept\":%" PRIu64 ",\"withoutFile\":%" PRIu64
         ",\"creations\":%" PRIu64 ",\"renames\":%" PRIu64 ",\"removals\":%" PRIu64
         ",\"failures\":%" PRIu64 ",",
         journal->count, journal->length, done.writes, done.bytes, done.torn, done.kept,
         done.without_file, done.creations, done.renames, done.removals, done.failures);
  printf("\"warnings\":{\"sharedMapping\":%" PRIu64 ",\"stdio\":%" PRIu64 ",\"notKept\":%" PRIu64
         ",\"exchange\":%" PRIu64 "}}\n",
         done.warnings[warning_shared_mapping], done.warnings[warning_stdio],
         done.warnings[warning_not_kept], done.warnings[warning_exchange]);
}

static int remove_kept(const char *path, const struct stat *status, int type, struct FTW *walk) {
  (void)status;
  if (type == FTW_F && strncmp(path + walk->base, "keep.", 5) == 0) unlink(path);
  return 0;
}

/* The oldest write that is undone of each file; records of sizes alone cannot be torn. */
static void choose_torn(const struct journal *journal) {
  for (size_t i = 0; i < victim_count; i++) victims[i].torn_number = victims[i].writes;
  for (size_t i = 0; i < journal->count; i++) {
    const struct record *record = journal->records[i];
    if (record->kind != record_write || !journal_owes(journal, record)) continue;
    struct victim *victim = victim_of(record->inode);
    size_t number = victim->seen++;
    int is_oldest = victim->torn_number == victim->writes;
    if (is_oldest && number >= victim->kept && record->length > 1) victim->torn_number = number;
  }
  for (size_t i = 0; i < victim_count; i++) victims[i].seen = 0;
}

static int play_back_all(const struct journal *journal, const char *data, const char *log_folder,
                         const struct playback_options *options) {
  if (!find_victims(journal, data, log_folder)) return 0;
  struct random_source random = {options->seed};
  for (size_t i = 0; i < victim_count; i++) {
    if (options->lose == lose_random) {
      victims[i].kept = random_below(&random, victims[i].writes + 1);
    }
  }
  choose_torn(journal);
  for (size_t i = journal->count; i-- > 0;) {
    const struct record *record = journal->records[i];
    if (record->kind == record_warning && record->length <= warning_exchange) {
      done.warnings[record->length]++;
    }
    if (record->kind == record_write && journal_owes(journal, record)) {
      undo_write(record, options, &random);
    }
  }
  for (size_t i = journal->count; i-- > 0;) {
    const struct record *record = journal->records[i];
    if (record->kind != record_write && journal_owes(journal, record)) undo_name(record);
  }
  return 1;
}

int playback(const char *data, const char *log_folder, const struct playback_options *options) {
  char path[PATH_MAX + 8];
  snprintf(path, sizeof path, "%s/log", log_folder);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    fprintf(stderr, "undo: %s: %s; the library was never loaded\n", path, strerror(errno));
    return 1;
  }
  struct journal journal;
  int good = journal_read(&journal, fd, options->names) &&
             play_back_all(&journal, data, log_folder, options);
  if (good) {
    print_done(&journal);
    nftw(log_folder, remove_kept, 64, FTW_PHYS);
    good = ftruncate(fd, 0) == 0 && fsync(fd) == 0;
  } else {
    fprintf(stderr, "undo: %s cannot be played back\n", path);
  }
  journal_free(&journal);
  close(fd);
  return good && done.failures == 0 ? 0 : 1;
}
