import { describe, expect, it } from 'vitest';
import { bundleLabel } from './image.ts';
import { staleImages } from './leftovers.ts';

describe('stale images', () => {
  const images: Parameters<typeof staleImages>[0] = [
    { Id: 'a', RepoTags: ['amnesia-engram:new'], Labels: { [bundleLabel]: 'new' } },
    { Id: 'b', RepoTags: ['amnesia-engram:old', 'mine:old'], Labels: { [bundleLabel]: 'old' } },
    { Id: 'c', RepoTags: ['<none>:<none>'], Labels: { [bundleLabel]: 'old' } },
    { Id: 'd', RepoTags: null, Labels: { [bundleLabel]: 'older' } },
    { Id: 'e', RepoTags: ['somebody:else'], Labels: { other: 'old' } },
    { Id: 'f', RepoTags: ['without:labels'], Labels: null },
  ];

  it('are those of other bundles, by all their names; nothing of anybody else', () => {
    expect(staleImages(images, ['new'])).toEqual(['amnesia-engram:old', 'mine:old', 'c', 'd']);
  });
});
