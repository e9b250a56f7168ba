import { expect, test } from 'vitest';
import { findMissing } from './complete-lock.mjs';

test('optional packages of other platforms are added with the platform that their name tells', () => {
  const packages = {
    'node_modules/tool': {
      dev: true,
      optionalDependencies: {
        '@tool/linux-x64-gnu': '1.0.0',
        '@tool/linux-x64-musl': '1.0.0',
        '@tool/win32-arm64-msvc': '1.0.0',
      },
    },
    'node_modules/@tool/linux-x64-gnu': { version: '1.0.0' },
    'node_modules/a/node_modules/other': { optionalDependencies: { 'near-darwin-x64': '2.0.0' } },
    'node_modules/a/node_modules/near-darwin-x64': { version: '2.0.0' },
  };
  expect(findMissing(packages)).toEqual({
    'node_modules/@tool/linux-x64-musl': {
      version: '1.0.0',
      cpu: ['x64'],
      dev: true,
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    },
    'node_modules/@tool/win32-arm64-msvc': {
      version: '1.0.0',
      cpu: ['arm64'],
      dev: true,
      optional: true,
      os: ['win32'],
    },
  });
});

test('a name without a platform is left to a person', () => {
  const packages = { 'node_modules/tool': { optionalDependencies: { extra: '1.0.0' } } };
  expect(() => findMissing(packages)).toThrow('The platform of extra cannot be told by its name: add it by hand');
});
