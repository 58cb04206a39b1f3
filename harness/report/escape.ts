/**
 * Text of others for the terminal. Values, errors and log lines may hold escape sequences that move
 * the cursor, change titles or hide what was said; they are shown, never obeyed.
 */

/**
 * C0 and C1 controls, DEL, line separators, and marks that turn the direction of writing around.
 */
const HOSTILE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line that can be printed as it is. */
export function escapeText(text: string): string {
  return text.replace(HOSTILE, (character) => {
    const named = NAMED[character];
    if (named !== undefined) return named;
    const code = character.charCodeAt(0);
    const hex = code.toString(16);
    return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
  });
}

/** Escaped and cut to `columns`, with an ellipsis where something is missing. */
export function clip(text: string, columns: number): string {
  const escaped = escapeText(text);
  return escaped.length <= columns ? escaped : `${escaped.slice(0, Math.max(0, columns - 1))}…`;
}
