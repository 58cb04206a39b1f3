/* The calls that open, copy and close descriptors: from them is known which ones are tracked. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"
#include "ledger.h"
#include "tracked.h"

static int may_change(int flags) {
  int mode = flags & O_ACCMODE;
  return mode == O_WRONLY || mode == O_RDWR || (flags & (O_CREAT | O_TRUNC));
}

/* Under the lock: what O_TRUNC is about to cut off. */
static void record_truncation(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  record_old_bytes(fd, 0, (size_t)status.st_size);
  syscall(SYS_close, fd);
}

static int open_tracked(int folder, const char *path, int flags, mode_t mode) {
  char absolute[PATH_MAX];
  if (!may_change(flags) || !path_inside(folder, path, absolute)) {
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    track(fd, untracked);
    return fd;
  }
  if (disk_fails_names()) return -1;
  ledger_lock();
  struct stat status;
  /* O_TMPFILE names the folder, and makes a file without a name. */
  int has_name = (flags & O_TMPFILE) != O_TMPFILE;
  int existed = has_name && lstat(absolute, &status) == 0;
  if (existed && (flags & O_TRUNC)) record_truncation(absolute);
  int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
  int before = errno;
  if (fd >= 0) {
    int is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    if (is_file && has_name && !existed) record_of_file(record_create, absolute, absolute, 0);
    enum tracking how = (flags & (O_SYNC | O_DSYNC)) ? tracked_synchronous : tracked_file;
    track(fd, is_file ? how : untracked);
  }
  errno = before;
  ledger_unlock();
  return fd;
}

/* The mode is there only where a file may be made. */
#define READ_MODE(mode, flags)                           \
  mode_t mode = 0;                                       \
  if ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE) { \
    va_list rest;                                        \
    va_start(rest, flags);                               \
    mode = (mode_t)va_arg(rest, int);                    \
    va_end(rest);                                        \
  }

int open64(const char *path, int flags, ...) {
  READ_MODE(mode, flags)
  return open_tracked(AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...) {
  READ_MODE(mode, flags)
  return open_tracked(AT_FDCWD, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
  READ_MODE(mode, flags)
  return open_tracked(folder, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  READ_MODE(mode, flags)
  return open_tracked(folder, path, flags, mode);
}

int creat64(const char *path, mode_t mode) {
  return open_tracked(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int creat(const char *path, mode_t mode) { return creat64(path, mode); }

/* What programs call that are built with _FORTIFY_SOURCE, where no file is made. */
int __open_2(const char *path, int flags) { return open_tracked(AT_FDCWD, path, flags, 0); }

int __open64_2(const char *path, int flags) { return open_tracked(AT_FDCWD, path, flags, 0); }

int __openat_2(int folder, const char *path, int flags) {
  return open_tracked(folder, path, flags, 0);
}

int __openat64_2(int folder, const char *path, int flags) {
  return open_tracked(folder, path, flags, 0);
}

/* The C library opens the file inside of itself; its name is known only afterwards. */
static int make_temporary(char *template, int suffix, int flags) {
  static int (*real)(char *, int, int);
  char absolute[PATH_MAX];
  if (!real) real = (int (*)(char *, int, int))dlsym(RTLD_NEXT, "mkostemps64");
  int fd = real(template, suffix, flags);
  if (fd < 0) return fd;
  track(fd, untracked);
  if (!path_inside(AT_FDCWD, template, absolute)) return fd;
  ledger_lock();
  record_of_file(record_create, absolute, absolute, 0);
  track(fd, tracked_file);
  ledger_unlock();
  return fd;
}

int mkstemp(char *template) { return make_temporary(template, 0, 0); }
int mkstemp64(char *template) { return make_temporary(template, 0, 0); }
int mkostemp(char *template, int flags) { return make_temporary(template, 0, flags); }
int mkostemp64(char *template, int flags) { return make_temporary(template, 0, flags); }
int mkstemps(char *template, int suffix) { return make_temporary(template, suffix, 0); }

static int flags_of(const char *mode) {
  int flags = strchr(mode, '+') ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;
  if (mode[0] == 'w') flags |= O_CREAT | O_TRUNC;
  if (mode[0] == 'a') flags |= O_CREAT | O_APPEND;
  if (strchr(mode, 'e')) flags |= O_CLOEXEC;
  if (strchr(mode, 'x')) flags |= O_EXCL;
  return flags;
}

/*
 * The writes of stdio happen inside of the C library and pass no wrapper: appends are undone by the size that is
 * recorded here and at each sync, overwritten bytes are not. That is noted as a warning.
 */
FILE *fopen64(const char *path, const char *mode) {
  static FILE *(*real)(const char *, const char *);
  char absolute[PATH_MAX];
  if (!real) real = (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen64");
  if (!may_change(flags_of(mode)) || !path_inside(AT_FDCWD, path, absolute)) {
    return real(path, mode);
  }
  int fd = open_tracked(AT_FDCWD, path, flags_of(mode), 0666);
  if (fd < 0) return 0;
  ledger_lock();
  record_old_size(fd);
  ledger_unlock();
  return fdopen(fd, mode);
}

FILE *fopen(const char *path, const char *mode) { return fopen64(path, mode); }

FILE *fdopen(int fd, const char *mode) {
  static FILE *(*real)(int, const char *);
  if (!real) real = (FILE * (*)(int, const char *)) dlsym(RTLD_NEXT, "fdopen");
  if (tracking_of(fd) && may_change(flags_of(mode))) {
    ledger_lock();
    warn_of(fd, warning_stdio, 0);
    ledger_unlock();
  }
  return real(fd, mode);
}

int close(int fd) {
  /* Programs that close whatever is open mean their own. */
  if (fd >= 0 && fd == ledger_descriptor()) return 0;
  track(fd, untracked);
  return (int)syscall(SYS_close, fd);
}

int close_range(unsigned first, unsigned last, int flags) {
  int log = ledger_descriptor();
  if (log < 0 || first > (unsigned)log || last < (unsigned)log) {
    return (int)syscall(SYS_close_range, first, last, flags);
  }
  int result = 0;
  if (first < (unsigned)log) result = (int)syscall(SYS_close_range, first, log - 1, flags);
  if (result == 0 && last > (unsigned)log) {
    result = (int)syscall(SYS_close_range, log + 1, last, flags);
  }
  return result;
}

void closefrom(int least) { close_range(least < 0 ? 0 : (unsigned)least, ~0U, 0); }

static int copied(int from, int to) {
  if (to >= 0) track(to, tracking_of(from));
  return to;
}

int dup(int fd) { return copied(fd, (int)syscall(SYS_dup, fd)); }

static void make_way(int fd) {
  if (fd >= 0 && fd == ledger_descriptor()) ledger_move_descriptor();
}

int dup3(int from, int to, int flags) {
  make_way(to);
  return copied(from, (int)syscall(SYS_dup3, from, to, flags));
}

int dup2(int from, int to) {
  make_way(to);
  return copied(from, (int)syscall(SYS_dup2, from, to));
}

static int control(int fd, int command, long argument) {
  int result = (int)syscall(SYS_fcntl, fd, command, argument);
  int copies = command == F_DUPFD || command == F_DUPFD_CLOEXEC;
  return copies ? copied(fd, result) : result;
}

#define READ_ARGUMENT(argument, command) \
  va_list rest;                          \
  va_start(rest, command);               \
  long argument = va_arg(rest, long);    \
  va_end(rest);

int fcntl64(int fd, int command, ...) {
  READ_ARGUMENT(argument, command)
  return control(fd, command, argument);
}

int fcntl(int fd, int command, ...) {
  READ_ARGUMENT(argument, command)
  return control(fd, command, argument);
}
