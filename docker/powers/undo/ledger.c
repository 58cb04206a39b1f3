/* See ledger.h. All file calls are raw: the wrappers of this library must not see them. */
#define _GNU_SOURCE
#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "journal.h"
#include "state.h"

char ledger_data[PATH_MAX];
char ledger_folder[PATH_MAX];

static const uint64_t log_bytes_least = 8 << 20, kept_bytes_most = 64 << 20;
/* High, where no program expects one of its own. */
enum { descriptor_least = 900 };

static struct state *state;
static enum names_mode names;
static int log_fd = -1;
static uint64_t log_generation;

static int open_in_folder(const char *name, int flags) {
  char path[PATH_MAX + 32];
  snprintf(path, sizeof path, "%s/%s", ledger_folder, name);
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0666);
}

static void end_process(const char *what) {
  char text[PATH_MAX + 128];
  int length = snprintf(text, sizeof text, "undo: %s in %s: %s; this process ends\n", what,
                        ledger_folder, strerror(errno));
  syscall(SYS_write, 2, text, length);
  abort();
}

/* The first process lays the state out; who comes meanwhile waits at the file's lock. */
static int map_state(void) {
  int fd = open_in_folder("state", O_RDWR | O_CREAT);
  if (fd < 0) return 0;
  syscall(SYS_flock, fd, LOCK_EX);
  struct stat status;
  int is_new = fstat(fd, &status) == 0 && status.st_size == 0;
  if (is_new) syscall(SYS_ftruncate, fd, sizeof(struct state));
  long at = syscall(SYS_mmap, 0, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  state = at == -1 ? 0 : (struct state *)at;
  if (state && is_new) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&state->lock, &attributes);
    state->cut_at_bytes = log_bytes_least;
  }
  syscall(SYS_flock, fd, LOCK_UN);
  syscall(SYS_close, fd);
  return state != 0;
}

int ledger_begin(void) {
  const char *data = getenv("AMNESIA_UNDO_DATA"), *folder = getenv("AMNESIA_UNDO_LOG");
  const char *mode = getenv("AMNESIA_UNDO_NAMES");
  if (!data || !folder) return 0;
  names = mode && strcmp(mode, "strict") == 0 ? names_strict : names_ordered;
  if (!realpath(folder, ledger_folder) || !realpath(data, ledger_data) || !map_state()) {
    fprintf(stderr, "undo: %s or %s: %s; nothing is tracked\n", data, folder, strerror(errno));
    ledger_data[0] = ledger_folder[0] = 0;
    return 0;
  }
  return 1;
}

/* A cancelled thread would keep the lock, so it cannot be cancelled meanwhile; errno stays the program's. */
static __thread int cancel_state, saved_errno;

void ledger_lock(void) {
  saved_errno = errno;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
  if (pthread_mutex_lock(&state->lock) == EOWNERDEAD) pthread_mutex_consistent(&state->lock);
  errno = saved_errno;
}

void ledger_unlock(void) {
  saved_errno = errno;
  pthread_mutex_unlock(&state->lock);
  pthread_setcancelstate(cancel_state, 0);
  errno = saved_errno;
}

const struct disk_settings *ledger_disk(void) { return &state->disk; }

int ledger_descriptor(void) { return log_fd; }

void ledger_move_descriptor(void) {
  int moved = (int)syscall(SYS_fcntl, log_fd, F_DUPFD_CLOEXEC, log_fd + 1);
  if (moved >= 0) {
    syscall(SYS_close, log_fd);
    log_fd = moved;
  }
}

static void open_log(void) {
  if (log_fd >= 0) syscall(SYS_close, log_fd);
  log_fd = open_in_folder("log", O_WRONLY | O_CREAT | O_APPEND);
  if (log_fd < 0) end_process("the log cannot be opened");
  int high = (int)syscall(SYS_fcntl, log_fd, F_DUPFD_CLOEXEC, descriptor_least);
  if (high >= 0) {
    syscall(SYS_close, log_fd);
    log_fd = high;
  }
  log_generation = state->generation;
}

static size_t put_bytes(int fd, const struct record *record, const void *payload) {
  static const char zeros[8];
  size_t rest = (8 - record->payload % 8) % 8;
  struct iovec parts[3] = {
      {(void *)record, sizeof *record}, {(void *)payload, record->payload}, {(void *)zeros, rest}};
  size_t length = sizeof *record + record->payload + rest;
  return syscall(SYS_writev, fd, parts, 3) == (long)length ? length : 0;
}

static void forget_kept(const struct record *record) {
  struct stat status;
  const char *kept = record_second_path(record);
  if (!*kept || lstat(kept, &status) != 0) return;
  syscall(SYS_unlinkat, AT_FDCWD, kept, 0);
  state->kept_bytes -= state->kept_bytes < (uint64_t)status.st_size ? state->kept_bytes
                                                                   : (uint64_t)status.st_size;
}

/* Writes what is still owed, and the warnings, to a new log. Where that fails the old one stays as it is. */
static void cut_log(void) {
  char old_path[PATH_MAX + 32], new_path[PATH_MAX + 32];
  struct journal journal;
  int from = open_in_folder("log", O_RDONLY);
  if (from < 0) return;
  int to = open_in_folder("log.new", O_WRONLY | O_CREAT | O_TRUNC);
  uint64_t bytes = 0;
  int good = to >= 0 && journal_read(&journal, from, names);
  if (good) {
    for (size_t i = 0; good && i < journal.count; i++) {
      const struct record *record = journal.records[i];
      if (record->kind != record_warning && !journal_owes(&journal, record)) continue;
      size_t put = put_bytes(to, record, record_payload(record));
      good = put > 0;
      bytes += put;
    }
    snprintf(old_path, sizeof old_path, "%s/log", ledger_folder);
    snprintf(new_path, sizeof new_path, "%s/log.new", ledger_folder);
    good = good && syscall(SYS_renameat2, AT_FDCWD, new_path, AT_FDCWD, old_path, 0) == 0;
    for (size_t i = 0; good && i < journal.count; i++) {
      const struct record *record = journal.records[i];
      if (record->kind == record_unlink && !journal_owes(&journal, record)) forget_kept(record);
    }
    journal_free(&journal);
  }
  if (to >= 0) syscall(SYS_close, to);
  syscall(SYS_close, from);
  if (good) {
    state->generation++;
    state->log_bytes = bytes;
  }
  state->cut_at_bytes = 2 * state->log_bytes;
  if (state->cut_at_bytes < log_bytes_least) state->cut_at_bytes = log_bytes_least;
}

void ledger_put(struct record record, const void *payload) {
  if (log_fd < 0 || log_generation != state->generation) open_log();
  record.number = ++state->newest;
  size_t put = put_bytes(log_fd, &record, payload);
  if (put == 0) end_process("the log cannot be written");
  state->log_bytes += put;
  int is_sync = record.kind == record_sync_file || record.kind == record_sync_folder;
  int is_large = state->log_bytes > state->cut_at_bytes || state->kept_bytes > kept_bytes_most;
  if (is_sync && is_large) cut_log();
}

uint64_t ledger_newest(void) { return state->newest; }

void ledger_keep_name(char *into, size_t room, uint64_t bytes) {
  snprintf(into, room, "%s/keep.%llu", ledger_folder, (unsigned long long)++state->kept_files);
  state->kept_bytes += bytes;
}
