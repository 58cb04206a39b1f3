/** What is shown, kept in the address, so that a link leads back to it. */

export function readAddress(): URLSearchParams {
  return new URLSearchParams(location.hash.slice(1));
}

export function linkTo(values: Readonly<Record<string, string>>): string {
  return `#${new URLSearchParams(values)}`;
}

/** Changes one value without a new entry in the history of the browser. */
export function keep(name: string, value: string): void {
  const address = readAddress();
  if (value === '') address.delete(name);
  else address.set(name, value);
  history.replaceState(null, '', `#${address}`);
}
