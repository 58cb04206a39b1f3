/** Sentences in lines. */

/**
 * Broken at spaces so that no line is longer than `width`; a word that is longer keeps its line. The first line begins
 * with `first` and the others with `next`, which count. No text, no line.
 */
export function wrap(text: string, width: number, first = '', next = first): string[] {
  if (text === '') return [];
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = next;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
