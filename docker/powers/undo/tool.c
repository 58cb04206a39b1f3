/*
 * undo-tool: what is done with an undo log from outside of the programs that wrote it.
 *
 *   undo-tool lose DATA LOG [lose=all|random] [names=ordered|strict] [torn=0|1] [seed=N]
 *   undo-tool inspect DATA [PID ...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect.h"
#include "playback.h"

static int usage(const char *wrong) {
  if (wrong) fprintf(stderr, "undo-tool: %s is not understood\n", wrong);
  fprintf(stderr,
          "usage: undo-tool lose DATA LOG [lose=all|random] [names=ordered|strict] [torn=0|1] "
          "[seed=N]\n       undo-tool inspect DATA [PID ...]\n");
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

int main(int count, char **arguments) {
  if (count >= 3 && strcmp(arguments[1], "inspect") == 0) {
    return inspect(arguments[2], count - 3, arguments + 3);
  }
  if (count < 4 || strcmp(arguments[1], "lose") != 0) return usage(0);
  struct playback_options options = {lose_all, names_ordered, 0, 1};
  for (int i = 4; i < count; i++) {
    if (!read_option(&options, arguments[i])) return usage(arguments[i]);
  }
  return playback(arguments[2], arguments[3], &options);
}
