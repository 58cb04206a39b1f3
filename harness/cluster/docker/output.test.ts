import { describe, expect, it } from 'vitest';
import { collect, withoutFraming } from './output.ts';

function frame(text: string | Buffer, stream = 1): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

describe('output of a container', () => {
  it('is the text of its frames, of both streams, in their order', () => {
    expect(withoutFraming(Buffer.concat([frame('one\n'), frame('two\n', 2)]))).toBe('one\ntwo\n');
  });

  it('keeps characters whole that two frames share', () => {
    const bytes = Buffer.from('é');
    const frames = [frame(bytes.subarray(0, 1)), frame(bytes.subarray(1))];
    expect(withoutFraming(Buffer.concat(frames))).toBe('é');
  });

  it('keeps what there is of a frame that is cut off', () => {
    expect(withoutFraming(frame('whole').subarray(0, 11))).toBe('who');
    expect(withoutFraming(Buffer.alloc(5))).toBe('');
  });

  it('is gathered from chunks', () => {
    const { stream, text } = collect();
    for (const byte of Buffer.from('né')) stream.write(Buffer.from([byte]));
    expect(text()).toBe('né');
  });
});
