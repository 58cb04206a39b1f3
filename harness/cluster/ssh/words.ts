/**
 * ssh hands a command to the login shell of the far side as one text. Here each argument becomes one quoted word of
 * it, so that no shell ever reads anything out of an argument. Pure.
 */
const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

export const commandOf = (argv: readonly string[]): string => argv.map(quoted).join(' ');
