import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { isDead, thisProcess } from './owner.ts';

const us = thisProcess();

describe('an owner', () => {
  it('that runs is not dead', () => {
    expect(isDead(us)).toBe(false);
  });

  it('whose process has ended is dead', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.once('exit', resolve));
    expect(isDead({ ...us, pid: child.pid! })).toBe(true);
  });

  it('whose number was given to another process since is dead', () => {
    expect(isDead({ ...us, started: `${Number(us.started) - 1}` })).toBe(true);
  });

  it('that ran before this machine was started anew is dead', () => {
    expect(isDead({ ...us, where: 'm/before/pid:[1]' }, 'm/now/pid:[1]')).toBe(true);
  });

  it('on another machine, or in another container, cannot be judged and is left alone', () => {
    const gone = { ...us, pid: 2 ** 22 - 1 };
    expect(isDead({ ...gone, where: 'other/boot/pid:[1]' }, 'm/boot/pid:[1]')).toBe(false);
    expect(isDead({ ...gone, where: 'm/boot/pid:[2]' }, 'm/boot/pid:[1]')).toBe(false);
    expect(isDead({ ...gone, where: '' }, 'm/boot/pid:[1]')).toBe(false);
  });

  it('that is written down badly is left alone', () => {
    expect(isDead({ ...us, pid: Number.NaN })).toBe(false);
    expect(isDead({ ...us, pid: -1 })).toBe(false);
  });
});
