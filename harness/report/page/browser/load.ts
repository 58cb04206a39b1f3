/** Reads the data blocks of a page: base64, deflated, as `write-page.ts` put them in. */

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const decode = (Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> })
    .fromBase64;
  if (decode !== undefined) return decode(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Throws where the page has no such block or it is damaged. */
export async function readBlock(id: string): Promise<Uint8Array<ArrayBuffer>> {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`this page has no block ${id}`);
  const bytes = await inflate(fromBase64(element.textContent ?? ''));
  // The text would stay in memory for as long as the page is open.
  element.remove();
  return bytes;
}
