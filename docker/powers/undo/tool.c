/*
 * undo-tool: what is done with an undo log from outside of the programs that wrote it.
 *
 *   undo-tool lose DATA LOG [lose=all|random] [names=ordered|strict] [torn=0|1] [seed=N]
 *   undo-tool inspect DATA [PID ...]
 *   undo-tool disk LOG [write=E] [sync=E] [names=E] [write_delay_us=N] [sync_delay_us=N] [permille=N]
 *     where E is EIO, ENOSPC or EROFS; what is not given is as it should be
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inspect.h"
#include "playback.h"
#include "state.h"

static int usage(const char *wrong) {
  if (wrong) fprintf(stderr, "undo-tool: %s is not understood\n", wrong);
  fprintf(stderr,
          "usage: undo-tool lose DATA LOG [lose=all|random] [names=ordered|strict] [torn=0|1] "
          "[seed=N]\n       undo-tool inspect DATA [PID ...]\n"
          "       undo-tool disk LOG [write=EIO|ENOSPC|EROFS] [sync=...] [names=...] "
          "[write_delay_us=N] [sync_delay_us=N] [permille=N]\n");
  return 2;
}

static int read_option(struct playback_options *options, const char *text) {
  if (strcmp(text, "lose=all") == 0) options->lose = lose_all;
  else if (strcmp(text, "lose=random") == 0) options->lose = lose_random;
  else if (strcmp(text, "names=ordered") == 0) options->names = names_ordered;
  else if (strcmp(text, "names=strict") == 0) options->names = names_strict;
  else if (strcmp(text, "torn=0") == 0) options->torn = 0;
  else if (strcmp(text, "torn=1") == 0) options->torn = 1;
  else if (strncmp(text, "seed=", 5) == 0) options->seed = strtoull(text + 5, 0, 10);
  else return 0;
  return 1;
}

static int32_t read_error(const char *text) {
  if (strcmp(text, "EIO") == 0) return EIO;
  if (strcmp(text, "ENOSPC") == 0) return ENOSPC;
  return strcmp(text, "EROFS") == 0 ? EROFS : 0;
}

static int read_disk_option(struct disk_settings *settings, const char *text) {
  const char *value = strchr(text, '=');
  if (!value) return 0;
  size_t name = (size_t)(value++ - text);
  char *end;
  uint32_t number = (uint32_t)strtoul(value, &end, 10);
  int is_number = *value && !*end;
  int32_t error = read_error(value);
#define IS(key) (name == strlen(key) && strncmp(text, key, name) == 0)
  if (IS("write")) return (settings->write_error = error) != 0;
  if (IS("sync")) return (settings->sync_error = error) != 0;
  if (IS("names")) return (settings->name_error = error) != 0;
  if (IS("write_delay_us")) settings->write_delay_us = number;
  else if (IS("sync_delay_us")) settings->sync_delay_us = number;
  else if (IS("permille") && number <= 1000) settings->failing_permille = number;
  else return 0;
  return is_number;
}

/* The library reads the settings before each call, so they hold from now on. */
static int set_disk(const char *log_folder, int count, char **options) {
  struct disk_settings settings = {.failing_permille = 1000};
  for (int i = 0; i < count; i++) {
    if (!read_disk_option(&settings, options[i])) return usage(options[i]);
  }
  char path[PATH_MAX + 8];
  snprintf(path, sizeof path, "%s/state", log_folder);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  struct state *state = fd < 0 ? MAP_FAILED
                               : mmap(0, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (state == MAP_FAILED) {
    fprintf(stderr, "undo-tool: %s: %s; the library was never loaded\n", path, strerror(errno));
    return 1;
  }
  state->disk = settings;
  munmap(state, sizeof *state);
  close(fd);
  return 0;
}

int main(int count, char **arguments) {
  if (count >= 3 && strcmp(arguments[1], "inspect") == 0) {
    return inspect(arguments[2], count - 3, arguments + 3);
  }
  if (count >= 3 && strcmp(arguments[1], "disk") == 0) {
    return set_disk(arguments[2], count - 3, arguments + 3);
  }
  if (count < 4 || strcmp(arguments[1], "lose") != 0) return usage(0);
  struct playback_options options = {lose_all, names_ordered, 0, 1};
  for (int i = 4; i < count; i++) {
    if (!read_option(&options, arguments[i])) return usage(arguments[i]);
  }
  return playback(arguments[2], arguments[3], &options);
}
