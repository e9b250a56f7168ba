import { expect, test } from 'vitest';
import { makeDataFolder, readJson, runCli } from './helpers/run-cli.ts';

test('without a server each command runs the embedded database for its time, also several at once', async () => {
  await using folder = await makeDataFolder();
  const env = { TRACKLY_DATA_DIR: folder.path };
  expect(await runCli(['accounts', 'list'], env)).toEqual({
    code: 1,
    stdout: '',
    stderr: `There is no installation in ${folder.path}: start one with \`trackly up\`\n`,
  });
  expect(await readJson(['migrate'], env)).toMatchObject({ applied: ['0001-foundation'] });
  const create = (name: string) => readJson(['accounts', 'create', '--name', name, '--email', 'a@b.example'], env);
  await Promise.all([create('One'), create('Two'), create('Three')]);
  expect(await readJson(['accounts', 'list'], env)).toHaveLength(3);
  expect((await runCli(['doctor'], env)).stdout).toContain('started for this command');
});
