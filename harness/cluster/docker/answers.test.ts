import { describe, expect, it } from 'vitest';
import { asking, explain, removing } from './answers.ts';

const refusal = (fields: object): Error => Object.assign(new Error('refused'), fields);

describe('what the engine says', () => {
  it.each([
    [{ code: 'EACCES' }, 'no-rights'],
    [{ code: 'ENOENT' }, 'no-engine'],
    [{ code: 'ECONNRESET' }, 'no-engine'],
    [{ statusCode: 404, message: 'No such image: amnesia-engram:1' }, 'no-image'],
    [{ statusCode: 500, message: 'port is already allocated' }, 'port-in-use'],
    [{ statusCode: 500, message: 'out of luck' }, 'engine-failed'],
  ])('%o becomes %s, with the cause kept', (fields, code) => {
    const error = refusal(fields);
    expect(explain(error)).toMatchObject({ code, cause: error });
  });

  it('is explained once', () => {
    const first = explain(refusal({ code: 'EACCES' }));
    expect(explain(first)).toBe(first);
  });

  it('about a request comes out explained', async () => {
    const request = Promise.reject(refusal({ code: 'ECONNREFUSED' }));
    await expect(asking(request)).rejects.toMatchObject({ code: 'no-engine' });
  });

  it('does not matter when what was to be removed is gone', async () => {
    await removing(Promise.reject(refusal({ statusCode: 404 })));
    const busy = { statusCode: 409, message: 'removal of container x is already in progress' };
    await removing(Promise.reject(refusal(busy)));
    const stuck = removing(Promise.reject(refusal({ statusCode: 500, message: 'device busy' })));
    await expect(stuck).rejects.toMatchObject({ code: 'engine-failed' });
  });
});
