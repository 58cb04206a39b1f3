import { expect, test } from 'vitest';
import { infoFields } from './inquiries.ts';
import { failed, redisEndings } from './outcomes.ts';
import { command, cutReply } from './resp.ts';

const cut = (text: string) => cutReply(Buffer.from(text));

test('a command is an array of bulk strings, counted in bytes', () => {
  expect(command('SET', 'k', 'é')).toBe('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\né\r\n');
});

test.each([
  ['+OK\r\n', 'OK'],
  [':-7\r\n', -7],
  ['$-1\r\n', null],
  ['$0\r\n\r\n', ''],
  ['$4\r\na\r\nb\r\n', 'a\r\nb'],
  ['*2\r\n$1\r\na\r\n*1\r\n:1\r\n', ['a', [1]]],
  ['*-1\r\n', null],
  ['-READONLY no\r\n', { refused: 'READONLY no' }],
])('%j is one reply', (text, message) => {
  expect(cut(text)).toEqual({ message, length: Buffer.byteLength(text) });
});

test('a reply that has not arrived as a whole is waited for, wherever it breaks off', () => {
  const whole = '*2\r\n$3\r\nabc\r\n$2\r\nde\r\n';
  for (let length = 0; length < whole.length; length++) {
    expect(cut(whole.slice(0, length)), whole.slice(0, length)).toBeNull();
  }
});

test('what is no RESP is told apart from what is still to come', () => {
  expect(() => cut('HTTP/1.1 400\r\n')).toThrow('no RESP');
});

test('INFO is read by name, values with colons and all', () => {
  const info = '# Replication\r\nrole:master\r\nslave0:ip=10.0.0.1,port=6379\r\n';
  expect(infoFields(info).get('role')).toBe('master');
  expect(infoFields(info).get('slave0')).toBe('ip=10.0.0.1,port=6379');
});

test('a write whose ending is not in the table is indeterminate, a read never is', () => {
  expect(failed('write', 'EXECABORT', 'm', 1).outcome).toBe('info');
  expect(failed('write', 'READONLY', 'm', 1).outcome).toBe('fail');
  for (const error of [...Object.keys(redisEndings), 'EXECABORT']) {
    expect(failed('read', error, 'm', null).outcome).toBe('fail');
  }
});
